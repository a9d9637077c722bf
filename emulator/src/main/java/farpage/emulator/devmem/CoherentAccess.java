package farpage.emulator.devmem;

import farpage.opencl.ClDevice;

/// How a CPU of the machine gets at the memory of a device-coherent device.
///
/// A buffer that is merely mapped would not do: while it is mapped for writing the specification
/// forbids every command and kernel that uses it, and coherent memory is there for both sides at
/// any time.
///
/// @kernel None: what the interconnect does
public enum CoherentAccess {
    /// Loads and stores go to the memory that the buffer is made of: fine-grained shared virtual
    /// memory.
    IN_PLACE,
    /// Each load and store is a command that reads or writes just those bytes, and waits for it.
    COMMANDS;

    /// What a device can do best.
    public static CoherentAccess of(ClDevice device) {
        return device.info().fineGrainSvm() ? IN_PLACE : COMMANDS;
    }
}
