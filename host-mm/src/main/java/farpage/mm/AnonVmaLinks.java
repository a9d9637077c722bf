package farpage.mm;

import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.AnonVmaChain;
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
            fresh.activateLocked();
            vma.setAnonVma(fresh);
            return fresh;
        } finally {
            vma.mm().unlockPageTables();
            fresh.unlock();
        }
    }

    /// The pages of `from` may from now on be mapped in `to` as well, and new pages of both point
    /// to the same `AnonVma`: for a part cut off, a neighbour merged with, a place moved to.
    static void cloneChain(Vma from, Vma to) {
        AnonVma own = from.anonVma();
        if (own == null) {
            return;
        }
        assert to.anonVma() == null;
        own.lock();
        try {
            for (AnonVmaChain chain : from.anonVmaChain()) {
                link(to, chain.anonVma());
            }
            own.activateLocked();
            to.setAnonVma(own);
        } finally {
            own.unlock();
        }
    }

    /// The same for the copy in a child, whose new pages point to an `AnonVma` of its own, so that
    /// they are not looked for in the parent: to one of the chain that nobody else uses any more,
    /// or to a new one.
    static void forkChain(Vma parent, Vma child) {
        AnonVma parentOwn = parent.anonVma();
        if (parentOwn == null) {
            return;
        }
        parentOwn.lock();
        try {
            AnonVma own = null;
            for (AnonVmaChain chain : parent.anonVmaChain()) {
                link(child, chain.anonVma());
                if (own == null && chain.anonVma().isReusableLocked()) {
                    own = chain.anonVma();
                }
            }
            if (own == null) {
                own = new AnonVma(parentOwn);
                link(child, own);
            }
            own.activateLocked();
            child.setAnonVma(own);
        } finally {
            parentOwn.unlock();
        }
    }

    /// No page is looked for in the VMA any more.
    static void unlinkAll(Vma vma) {
        AnonVma own = vma.anonVma();
        if (own == null) {
            return;
        }
        own.lock();
        try {
            for (AnonVmaChain chain : vma.anonVmaChain()) {
                chain.anonVma().unlinkLocked(chain);
            }
            vma.anonVmaChain().clear();
            own.deactivateLocked();
            vma.setAnonVma(null);
        } finally {
            own.unlock();
        }
    }

    /// Changes the bounds where the reverse map can not look in between.
    ///
    /// @kernel mm/vma.c: vma_prepare, vma_complete
    static void setBounds(Vma vma, long start, long end) {
        AnonVma own = vma.anonVma();
        if (own == null) {
            vma.setBounds(start, end);
            return;
        }
        List<AnonVmaChain> chains = vma.anonVmaChain();
        own.lock();
        try {
            for (AnonVmaChain chain : chains) {
                chain.anonVma().suspendLocked(chain);
            }
            vma.setBounds(start, end);
            for (AnonVmaChain chain : chains) {
                chain.anonVma().linkLocked(chain);
            }
        } finally {
            own.unlock();
        }
    }

    private static void link(Vma vma, AnonVma anonVma) {
        AnonVmaChain chain = new AnonVmaChain(vma, anonVma);
        anonVma.linkLocked(chain);
        vma.anonVmaChain().add(chain);
    }
}
