package farpage.emulator.trace;

/// What a `protect` operation of a kernel trace allows.
///
/// @kernel mm/mprotect.c, PROT_NONE, PROT_READ, PROT_WRITE
public enum RegionProtection {
    /// No access.
    NONE("none"),
    /// Loads.
    READ("r"),
    /// Loads and stores.
    READ_WRITE("rw");

    private final String word;

    RegionProtection(String word) {
        this.word = word;
    }

    /// Its word in a trace.
    public String word() {
        return word;
    }
}
