package farpage.emulator;

import farpage.mm.numa.MemoryNode;
import farpage.opencl.ClDevice;

/// Memory of an OpenCL device that the machine has as a node without CPUs. The device must use
/// memory of the host in place: then its buffer over the node and the node are the same bytes.
///
/// @param device whose memory it is
/// @param memory how much, how slow, and for whom
/// @kernel drivers/dax/kmem.c
public record CoherentNode(ClDevice device, MemoryNode memory) {}
