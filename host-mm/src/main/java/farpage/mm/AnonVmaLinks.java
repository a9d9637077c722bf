package farpage.mm;

import farpage.mm.rmap.AnonVma;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Keeps the links between VMAs and `AnonVma`s right when VMAs are born, copied and removed. All
/// `AnonVma`s on one chain are of one family, so one lock covers a chain.
///
/// @kernel mm/rmap.c: anon_vma_prepare, anon_vma_clone, anon_vma_fork, unlink_anon_vmas
final class AnonVmaLinks {
    private AnonVmaLinks() {}

    /// Gives a VMA an `AnonVma` before its first page. Faults race for it under the mmap lock held
    /// for reading.
    ///
    /// @param reusable that of a mergeable neighbour, or null
    static AnonVma prepare(Vma vma, @Nullable AnonVma reusable) {
        AnonVma fresh = reusable != null ? reusable : new AnonVma();
        fresh.lock();
        vma.mm().lockPageTables();
        try {
            AnonVma present = vma.anonVma();
            if (present != null) {
                return present;
            }
            link(vma, fresh);
            vma.setAnonVma(fresh);
            return fresh;
        } finally {
            vma.mm().unlockPageTables();
            fresh.unlock();
        }
    }

    /// The pages of `from` may from now on be mapped in `to` as well.
    static void cloneChain(Vma from, Vma to) {
        List<AnonVma> chain = from.anonVmaChain();
        AnonVma own = from.anonVma();
        if (own == null) {
            return;
        }
        own.lock();
        try {
            for (AnonVma anonVma : chain) {
                link(to, anonVma);
            }
            to.setAnonVma(own);
        } finally {
            own.unlock();
        }
    }

    /// The same for the copy in a child, whose new pages point to an `AnonVma` of its own, so that
    /// they are not looked for in the parent.
    static void forkChain(Vma parent, Vma child) {
        AnonVma parentOwn = parent.anonVma();
        if (parentOwn == null) {
            return;
        }
        parentOwn.lock();
        try {
            for (AnonVma anonVma : parent.anonVmaChain()) {
                link(child, anonVma);
            }
            AnonVma own = new AnonVma(parentOwn);
            link(child, own);
            child.setAnonVma(own);
        } finally {
            parentOwn.unlock();
        }
    }

    static void unlinkAll(Vma vma) {
        AnonVma own = vma.anonVma();
        if (own == null) {
            return;
        }
        own.lock();
        try {
            for (AnonVma anonVma : vma.anonVmaChain()) {
                anonVma.unlinkLocked(vma);
            }
            vma.anonVmaChain().clear();
        } finally {
            own.unlock();
        }
    }

    /// Changes the bounds where the reverse map can not look in between.
    static void setBounds(Vma vma, long start, long end) {
        AnonVma own = vma.anonVma();
        if (own != null) {
            own.lock();
        }
        vma.setBounds(start, end);
        if (own != null) {
            own.unlock();
        }
    }

    private static void link(Vma vma, AnonVma anonVma) {
        anonVma.linkLocked(vma);
        vma.anonVmaChain().add(anonVma);
    }
}
