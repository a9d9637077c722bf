package farpage.emulator.trace;

/// The advice of a `madvise` operation of a kernel trace.
///
/// @kernel mm/madvise.c, MADV_DONTNEED and its like
public enum RegionAdvice {
    DONTNEED("dontneed"),
    REMOVE("remove"),
    HUGEPAGE("hugepage"),
    NOHUGEPAGE("nohugepage"),
    MERGEABLE("mergeable"),
    UNMERGEABLE("unmergeable"),
    POPULATE_READ("populate-read"),
    POPULATE_WRITE("populate-write"),
    COLLAPSE("collapse"),
    FREE("free"),
    DONTFORK("dontfork"),
    DOFORK("dofork"),
    WIPEONFORK("wipeonfork"),
    KEEPONFORK("keeponfork"),
    COLD("cold"),
    PAGEOUT("pageout");

    private final String word;

    RegionAdvice(String word) {
        this.word = word;
    }

    /// Its word in a trace.
    public String word() {
        return word;
    }
}
