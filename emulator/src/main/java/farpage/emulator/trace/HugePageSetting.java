package farpage.emulator.trace;

/// Where memory is made of folios of one size, as a `hugepages` operation of a kernel trace says.
///
/// @kernel Documentation/admin-guide/mm/transhuge.rst: hugepages-SIZEkB/enabled
public enum HugePageSetting {
    ALWAYS("always"),
    MADVISE("madvise"),
    NEVER("never");

    private final String word;

    HugePageSetting(String word) {
        this.word = word;
    }

    /// Its word in a trace.
    public String word() {
        return word;
    }
}
