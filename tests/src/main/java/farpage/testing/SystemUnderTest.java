package farpage.testing;

import farpage.emulator.trace.KernelOperation;
import java.util.List;

/// What a [ModelRun] drives: something that executes operations and can be checked.
///
/// @kernel none
public interface SystemUnderTest extends AutoCloseable {
    /// Executes one operation and gives its result line, without number and name.
    String execute(KernelOperation operation);

    /// What does not hold now, between two operations.
    List<String> violations();

    /// Ends it and checks that it gave everything back.
    @Override
    void close();
}
