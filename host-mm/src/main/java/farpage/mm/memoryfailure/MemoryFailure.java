package farpage.mm.memoryfailure;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.file.FileMapping;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.TryToUnmap;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/// The broken memory of one machine. A system page that breaks is marked for good: its frame is
/// never handed out again, whether or not it could be taken from its users.
///
/// One failure is handled at a time.
///
/// @kernel mm/memory-failure.c
public final class MemoryFailure {
    /// Looks at a page that somebody has in his hands before it is left alone.
    ///
    /// @kernel mm/memory-failure.c: get_any_page
    private static final int GET_RETRY_LIMIT = 3;

    private final Machine machine;
    private final FolioTable folios;
    private final RankedLock lock = new RankedLock(LockRank.MEMORY_FAILURE);

    /// Broken pages that nobody may free: this has a reference to each.
    private final Set<Long> held = new HashSet<>();

    private final Map<Recovery, Integer> counts = new EnumMap<>(Recovery.class);
    private final AtomicInteger poisonedPages = new AtomicInteger();

    /// One is made by the machine.
    public MemoryFailure(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// Whether any system page ever broke: without, no page that is freed need be looked at.
    public boolean isAny() {
        return poisonedPages.getAcquire() > 0;
    }

    /// Broken system pages: `HardwareCorrupted`.
    ///
    /// @kernel mm/memory-failure.c: num_poisoned_pages
    public int poisonedPageCount() {
        return poisonedPages.getAcquire();
    }

    /// Failures that ended so, without those of pages that were known to be broken.
    ///
    /// @kernel include/linux/mmzone.h: struct memory_failure_stats
    public int count(Recovery recovery) {
        lock.lock();
        try {
            return counts.getOrDefault(recovery, 0);
        } finally {
            lock.unlock();
        }
    }

    /// Whether a broken page has a reference that keeps it from being freed, and nobody drops.
    public boolean isHeld(long page) {
        lock.lock();
        try {
            return held.contains(page);
        } finally {
            lock.unlock();
        }
    }

    /// The hardware says that a page is broken. The caller holds no lock and no reference.
    ///
    /// @kernel mm/memory-failure.c: memory_failure
    public Outcome fail(long page) {
        return fail(page, false);
    }

    /// Somebody says that a page is broken, and has a reference to it, which is taken from him.
    ///
    /// @kernel mm/memory-failure.c: memory_failure with MF_COUNT_INCREASED
    public Outcome failReferenced(long page) {
        return fail(page, true);
    }

    private Outcome fail(long page, boolean referenced) {
        lock.lock();
        try {
            if (Page.isDevice(page)) {
                if (referenced) {
                    machine.put(page);
                }
                return failDevicePage(page);
            }
            Outcome outcome = failSystemPage(page, referenced);
            if (outcome.page() != BrokenPage.ALREADY_POISONED) {
                folios.markPoisoned(page); // again: who freed it meanwhile may have lost the mark
                counts.merge(outcome.recovery(), 1, Integer::sum);
            }
            return outcome;
        } finally {
            lock.unlock();
        }
    }

    /// The driver knows how its memory fails, if anybody does. Without it nothing is done: nobody
    /// is unmapped, and the pages are as usable as they are.
    ///
    /// @kernel mm/memory-failure.c: memory_failure_dev_pagemap, mf_generic_kill_procs
    private Outcome failDevicePage(long page) {
        DevicePagemap pagemap = machine.lookupPagemap(page);
        Errno errno = Errno.ENXIO;
        if (pagemap != null) {
            errno = pagemap.ops().memoryFailure(pagemap, page, 1);
            if (errno == Errno.EOPNOTSUPP) {
                errno = Errno.ENXIO;
            }
        }
        Recovery recovery = errno.isOk() ? Recovery.RECOVERED : Recovery.FAILED;
        counts.merge(recovery, 1, Integer::sum);
        return new Outcome(errno, BrokenPage.DEVICE, recovery);
    }

    /// Takes a broken page of a device from its users, for a driver that was asked about it and
    /// that never hands the page out again: every mapping leaves an entry that says that the memory
    /// is broken, the mirrors are told, and a file forgets the page. Of shared memory it is the
    /// only place, so there it stays, and who asks for it gets an error. The page is freed to its
    /// driver when nobody has a reference any more. Only from
    /// [farpage.mm.zonedevice.DevicePagemapOps#memoryFailure].
    ///
    /// @return ENXIO if nobody uses it; EBUSY if it is part of a large folio that can not be cut,
    ///   or could not be unmapped
    /// @kernel mm/memory-failure.c: mf_dax_kill_procs
    public Errno takeFromUsers(long page) {
        if (!folios.tryGet(page)) {
            return Errno.ENXIO;
        }
        folios.lock(page);
        boolean taken = isSplit(page) && takeLocked(page);
        folios.unlock(page);
        machine.put(page);
        return taken ? Errno.OK : Errno.EBUSY;
    }

    private boolean takeLocked(long page) {
        folios.setFlag(page, FolioFlags.HWPOISON);
        FileMapping file = folios.mapping(page) instanceof FileMapping mapping ? mapping : null;
        boolean isInStore =
                file != null && !file.isShmem() && !folios.hasFlag(page, FolioFlags.DIRTY);
        if (folios.mapCount(page) > 0) {
            TryToUnmap.Leaving leaving =
                    isInStore ? TryToUnmap.Leaving.NOTHING : TryToUnmap.Leaving.POISON;
            TryToUnmap.ofBroken(machine, leaving).unmap(page);
        }
        if (folios.mapCount(page) > 0) {
            return false;
        }
        if (file != null) {
            boolean _ = file.removeBroken(folios.index(page), page);
        }
        return true;
    }

    private Outcome failSystemPage(long page, boolean referenced) {
        if (folios.markPoisoned(page)) {
            if (referenced) {
                machine.put(page);
            }
            return new Outcome(Errno.EHWPOISON, BrokenPage.ALREADY_POISONED, Recovery.FAILED);
        }
        poisonedPages.getAndIncrement();
        if (!referenced) {
            for (int attempt = 0; !isHandlable(page) || !folios.tryGet(page); attempt++) {
                if (machine.ram().takeFree(page)) {
                    folios.init(page, 0, FolioFlags.HWPOISON);
                    held.add(page);
                    return Outcome.of(BrokenPage.FREE, Recovery.RECOVERED);
                }
                if (attempt == GET_RETRY_LIMIT) {
                    return Outcome.of(BrokenPage.UNHANDLABLE, Recovery.IGNORED);
                }
            }
        }
        held.add(page);
        folios.lock(page);
        boolean split = isSplit(page);
        Outcome outcome =
                split
                        ? new PoisonedFolio(machine, page).handleLocked()
                        : Outcome.of(BrokenPage.UNSPLIT_THP, Recovery.FAILED);
        folios.unlock(page);
        if (!split) {
            held.remove(page);
            machine.put(page);
        }
        return outcome;
    }

    /// Cuts the folio of a broken page, so that the others stay usable. The page is unmapped with
    /// that.
    ///
    /// @return false if it could not be cut: who maps it finds the page broken
    /// @kernel mm/memory-failure.c: try_to_split_thp_page
    private boolean isSplit(long page) {
        boolean isCut = folios.isAnonymous(page) || folios.mapping(page) instanceof FileMapping;
        return !folios.isLarge(page) || isCut && new SplitFolio(machine).split(page, 0);
    }

    /// A page on the LRU is in nobody's hands.
    ///
    /// @kernel mm/memory-failure.c: HWPoisonHandlable
    private boolean isHandlable(long page) {
        return folios.isKnown(page) && folios.hasFlag(page, FolioFlags.LRU);
    }
}
