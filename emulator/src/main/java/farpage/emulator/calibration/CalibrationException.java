package farpage.emulator.calibration;

import java.io.Serial;

/// A device on which nothing could be measured.
///
/// @opencl None: commands that succeed and do something else
public final class CalibrationException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    CalibrationException(String message) {
        super(message);
    }
}
