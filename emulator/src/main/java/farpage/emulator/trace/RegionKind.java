package farpage.emulator.trace;

/// What a `map` operation of a kernel trace maps.
///
/// @kernel mm/mmap.c, MAP_PRIVATE, MAP_SHARED, MAP_ANONYMOUS; mm/memfd.c
public enum RegionKind {
    /// Private anonymous memory.
    PRIVATE("private"),
    /// Shared anonymous memory.
    SHARED_ANON("shared-anon"),
    /// A shared mapping of a new memfd.
    MEMFD_SHARED("memfd-shared"),
    /// A private mapping of a new memfd.
    MEMFD_PRIVATE("memfd-private"),
    /// A shared mapping of a new file on disk.
    FILE_SHARED("file-shared");

    private final String word;

    RegionKind(String word) {
        this.word = word;
    }

    /// Its word in a trace.
    public String word() {
        return word;
    }
}
