package farpage.mm.inspect;

import farpage.mm.VmFlags;

/// The two-letter names of VMA flags, in the order in which `smaps` prints them: by bit.
final class VmFlagNames {
    private static final int MAYBE_GUARD = 0x800;

    private VmFlagNames() {}

    private record Name(int flag, String letters) {}

    private static final Name[] NAMES = {
        new Name(VmFlags.READ, "rd"),
        new Name(VmFlags.WRITE, "wr"),
        new Name(VmFlags.EXEC, "ex"),
        new Name(VmFlags.SHARED, "sh"),
        new Name(VmFlags.MAYREAD, "mr"),
        new Name(VmFlags.MAYWRITE, "mw"),
        new Name(VmFlags.MAYEXEC, "me"),
        new Name(VmFlags.MAYSHARE, "ms"),
        new Name(VmFlags.UFFD_MISSING, "um"),
        new Name(VmFlags.PFNMAP, "pf"),
        new Name(MAYBE_GUARD, "gu"),
        new Name(VmFlags.UFFD_WP, "uw"),
        new Name(VmFlags.LOCKED, "lo"),
        new Name(VmFlags.IO, "io"),
        new Name(VmFlags.SEQ_READ, "sr"),
        new Name(VmFlags.RAND_READ, "rr"),
        new Name(VmFlags.DONTCOPY, "dc"),
        new Name(VmFlags.DONTEXPAND, "de"),
        new Name(VmFlags.LOCKONFAULT, "lf"),
        new Name(VmFlags.ACCOUNT, "ac"),
        new Name(VmFlags.NORESERVE, "nr"),
        new Name(VmFlags.HUGETLB, "ht"),
        new Name(VmFlags.WIPEONFORK, "wf"),
        new Name(VmFlags.DONTDUMP, "dd"),
        new Name(VmFlags.SOFTDIRTY, "sd"),
        new Name(VmFlags.MIXEDMAP, "mm"),
        new Name(VmFlags.HUGEPAGE, "hg"),
        new Name(VmFlags.NOHUGEPAGE, "nh"),
        new Name(VmFlags.MERGEABLE, "mg"),
    };

    /// The names of the set flags, each with a blank after it.
    ///
    /// @kernel fs/proc/task_mmu.c: show_smap_vma_flags
    static String describe(int flags) {
        StringBuilder text = new StringBuilder();
        for (Name name : NAMES) {
            if ((flags & name.flag) != 0) {
                text.append(name.letters).append(' ');
            }
        }
        return text.toString();
    }
}
