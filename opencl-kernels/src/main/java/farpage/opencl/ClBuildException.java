package farpage.opencl;

import java.io.Serial;

/// A program that its compiler refused: which program, for which device, and the compiler's whole
/// log.
///
/// @opencl CL_PROGRAM_BUILD_LOG
public final class ClBuildException extends ClException {
    @Serial private static final long serialVersionUID = 1L;

    private final String program;
    private final String device;
    private final String log;

    /// @param program the name that the program was to be built under
    /// @param device the name of the device whose compiler refused it
    public ClBuildException(ClError error, String program, String device, String log) {
        super(error, "clBuildProgram", program + " on " + device + "\n" + log.strip());
        this.program = program;
        this.device = device;
        this.log = log;
    }

    /// The program.
    public String program() {
        return program;
    }

    /// The name of the device.
    public String device() {
        return device;
    }

    /// What the compiler said, unchanged.
    public String log() {
        return log;
    }
}
