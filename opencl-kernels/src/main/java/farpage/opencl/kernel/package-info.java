/// The kernels' Java faces: one launcher for each `.cl` file, of the same name.
///
/// A launcher belongs to one context and one device, builds its program when it is made, checks the
/// sizes it is given before it enqueues, and may be used from several threads. Where a kernel's
/// arithmetic is also done on the host, there is a twin in Java, and the tests compare the two on
/// every device: [AccessContents] for what accesses store and read, [PageChecksum] for checksums.
///
/// Pages are named by their index in the heap buffer, an unsigned 32-bit number; their size is an
/// argument, a power of two from 4 KiB to 2 MiB.
@org.jspecify.annotations.NullMarked
package farpage.opencl.kernel;
