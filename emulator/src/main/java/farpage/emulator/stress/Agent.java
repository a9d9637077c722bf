package farpage.emulator.stress;

/// One of several that work on the same memory at once. Its methods are called by one thread.
///
/// @kernel none
public interface Agent {
    /// The name, for reports.
    String name();

    /// Does something and checks what comes of it. Between two steps it holds nothing.
    void step();

    /// Does its last work, while others may still be at theirs.
    void finish();
}
