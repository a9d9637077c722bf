package farpage.mm;

/// What `madvise` can be told.
///
/// @kernel include/uapi/asm-generic/mman-common.h: MADV_*
public enum Advice {
    NORMAL,
    RANDOM,
    SEQUENTIAL,
    WILLNEED,
    /// The contents are not needed: the next access finds new memory.
    DONTNEED,
    /// The same for locked memory too.
    DONTNEED_LOCKED,
    /// The contents may be thrown away when memory is short, unless they are written first.
    FREE,
    /// The part of the file is not needed: a hole.
    REMOVE,
    /// The contents are not needed soon: they are the first to go when memory is short.
    COLD,
    /// The contents go to swap now.
    PAGEOUT,
    DONTFORK,
    DOFORK,
    /// A forked child finds new memory.
    WIPEONFORK,
    KEEPONFORK,
    MERGEABLE,
    UNMERGEABLE,
    HUGEPAGE,
    NOHUGEPAGE,
    COLLAPSE,
    DONTDUMP,
    DODUMP,
    POPULATE_READ,
    POPULATE_WRITE,
    /// No access may touch the range.
    GUARD_INSTALL,
    GUARD_REMOVE,
    /// The memory behind the range is to be treated as broken.
    HWPOISON
}
