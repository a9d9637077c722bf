package farpage.emulator.mirror;

import farpage.emulator.peer.PeerClient;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.hmm.HmmFill;
import farpage.mm.hmm.HmmPfn;
import farpage.mm.hmm.HmmRange;
import farpage.mm.hmm.HmmRangeFault;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.notifier.MmuNotifierSubscriptions.Insertion;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One process as one open device file sees it: a page table of the device's and the notifier, over
/// the whole address space, that drops entries when the process's mappings change.
///
/// Entries of pages on the device hold the device page itself; whoever uses one asks the device's
/// memory where its bytes are.
///
/// A migration that this mirror asked for announces itself like any other change of mappings. The
/// mirror keeps its entries then, because the migration corrects them itself; every other mirror of
/// the device drops its own. The owner in the announcement does not tell the two apart, the thread
/// does. What another thread has looked up for this mirror meanwhile is stale all the same.
///
/// @kernel lib/test_hmm.c: struct dmirror
public final class ProcessMirror implements AutoCloseable {
    /// Pages that one call of `hmm_range_fault` covers.
    public static final int RANGE_PAGES = 32;

    /// How long a range that changes all the time is tried.
    public static final long RETRY_TIMEOUT_NANOS = 1_000_000_000L;

    /// How often pages that were looked up are found stale, one time after the other, before their
    /// range counts as one that does not come to rest.
    private static final int STALE_LIMIT = 100_000;

    private final Mm mm;
    private final Object owner;
    private final LongSupplier nanoClock;
    private final DevicePageTable table;

    /// What the device may use of others' memory; null where it uses none.
    private final @Nullable PeerClient peers;

    private final MmuIntervalNotifier notifier;

    /// The thread that migrates on behalf of this mirror; written under the device's `DRIVER_SVM`.
    private volatile @Nullable Thread migrating;

    /// Whether the next allocation of a migration is to fail.
    private final AtomicBoolean failAllocation = new AtomicBoolean();

    private volatile boolean refusesLargeFolios;

    /// Whether the device may have pages of files.
    private final boolean filesMove;

    /// Begins to mirror a process.
    ///
    /// @param owner of the device's pages
    /// @param nanoClock for the timeout of ranges that do not come to rest
    /// @throws IllegalArgumentException if the process has exited
    public ProcessMirror(Mm mm, Object owner, LongSupplier nanoClock) {
        this(mm, owner, nanoClock, null);
    }

    /// Begins to mirror a process for a device that may use others' memory where it lies.
    ///
    /// @param peers null if it may not
    /// @throws IllegalArgumentException if the process has exited
    public ProcessMirror(Mm mm, Object owner, LongSupplier nanoClock, @Nullable PeerClient peers) {
        this.mm = mm;
        this.owner = owner;
        this.nanoClock = nanoClock;
        this.filesMove = mm.machine().filesOnDevices().movesPages();
        this.peers = peers;
        this.table = peers == null ? new DevicePageTable() : new DevicePageTable(peers::unmap);
        Insertion insertion =
                mm.notifiers().insert(0, PageSize.alignUp(PageSize.TASK_SIZE), this::invalidate);
        this.notifier =
                switch (insertion) {
                    case Insertion.Inserted(MmuIntervalNotifier inserted) -> inserted;
                    case Insertion.Refused(Errno errno) ->
                            throw new IllegalArgumentException(
                                    "mirror: " + mm + ", limit=a live one, " + errno.describe());
                };
    }

    public Mm mm() {
        return mm;
    }

    /// The device's page table. Entries count only while its lock is held.
    public DevicePageTable table() {
        return table;
    }

    /// The device is about to write a page of its own, as its table permits: if that is a file's,
    /// the file must learn of it when the page comes back. The table's lock is held.
    ///
    /// @kernel mm/memory.c: do_page_mkwrite, whose duty the driver has taken over
    public void noteWrittenLocked(long page) {
        assert table.isLocked();
        if (filesMove && !mm.machine().folios().isAnonymous(page)) {
            mm.machine().folios().setFlag(page, FolioFlags.DIRTY);
        }
    }

    // The injected failure.

    /// Has the next allocation of a migration fail, in either direction, or not.
    ///
    /// @kernel lib/test_hmm.c: flags of struct dmirror
    public void setFailAllocation(boolean fail) {
        failAllocation.set(fail);
    }

    /// Whether this allocation is the one to fail; asked once for it.
    public boolean takeFailAllocation() {
        return failAllocation.get() && failAllocation.getAndSet(false);
    }

    /// Has every large folio refused that a migration wants as a destination, in either direction,
    /// as if the memory there lay in pieces; or not.
    public void setRefusesLargeFolios(boolean refuses) {
        refusesLargeFolios = refuses;
    }

    public boolean refusesLargeFolios() {
        return refusesLargeFolios;
    }

    // The notifier's side.

    /// Tells whether what was looked up for this mirror is stale.
    MmuIntervalNotifier notifier() {
        return notifier;
    }

    /// Drops exactly the entries of the range; none for a migration of the mirror's own.
    ///
    /// @kernel lib/test_hmm.c: dmirror_interval_invalidate
    private boolean invalidate(
            MmuIntervalNotifier interval, MmuNotifierRange range, long sequence) {
        if (range.blockable()) {
            table.lock();
        } else if (!table.tryLock()) {
            return false;
        }
        try {
            interval.setSequence(sequence);
            if (!isOwnMigration(range)) {
                long before = table.peerEntryCountLocked();
                table.eraseLocked(
                        PageSize.pageNumber(range.start()),
                        PageSize.pageNumber(PageSize.alignUp(range.end())));
                if (before > 0 && peers != null) {
                    peers.countRevoked(before - table.peerEntryCountLocked());
                }
            }
            return true;
        } finally {
            table.unlock();
        }
    }

    @SuppressWarnings("ReferenceEquality") // an owner is known by identity, as a thread is
    private boolean isOwnMigration(MmuNotifierRange range) {
        return range.event() == MmuNotifierRange.Event.MIGRATE
                && range.owner() == owner
                && migrating == Thread.currentThread();
    }

    /// From here to [#endMigration()] the calling thread corrects the table itself. It holds the
    /// `DRIVER_SVM` lock of the device.
    public void beginMigration() {
        assert migrating == null;
        migrating = Thread.currentThread();
    }

    /// Ends what [#beginMigration()] began.
    public void endMigration() {
        assert migrating != null;
        migrating = null;
    }

    // The fault side.

    /// Faults in a range and fills the table with what is there, in steps of [#RANGE_PAGES] pages,
    /// each by the notifier's protocol. Nothing is held.
    ///
    /// @param write whether every page must be writable
    /// @return EFAULT for a page that can not be had, or that is on the device without the right to
    ///   write; EPERM for a write to memory that is not writable; EBUSY for a range that does not
    ///   come to rest
    /// @kernel lib/test_hmm.c: dmirror_fault
    public Errno faultIn(long start, long end, boolean write) {
        long request = HmmPfn.REQ_FAULT | (write ? HmmPfn.REQ_WRITE : 0);
        long[] words = new long[RANGE_PAGES];
        for (long at = start; at < end; ) {
            long stop = Math.min(end, at + PageSize.pageAddress(RANGE_PAGES));
            Errno errno = faultInStep(at, stop, request, words);
            if (!errno.isOk()) {
                return errno;
            }
            at = stop;
        }
        return Errno.OK;
    }

    /// @kernel lib/test_hmm.c: dmirror_range_fault
    private Errno faultInStep(long start, long end, long request, long[] words) {
        allowPeers(words);
        long deadline = nanoClock.getAsLong() + RETRY_TIMEOUT_NANOS;
        while (nanoClock.getAsLong() - deadline <= 0) {
            long sequence = notifier.readBegin();
            Errno errno = fill(notifier, sequence, start, end, words, request);
            if (errno == Errno.EBUSY) {
                continue;
            }
            if (!errno.isOk()) {
                return errno;
            }
            table.lock();
            try {
                if (!notifier.readRetry(sequence)) {
                    Errno installed = installLocked(start, end, request, words);
                    if (installed != Errno.EBUSY) {
                        return installed;
                    }
                }
            } finally {
                table.unlock();
            }
        }
        return Errno.EBUSY;
    }

    /// Asks for pages of other devices where they lie, at first.
    private void allowPeers(long[] words) {
        if (peers != null) {
            Arrays.fill(words, HmmPfn.ALLOW_P2P);
        }
    }

    private long wordMask() {
        return peers == null ? 0 : HmmPfn.ALLOW_P2P;
    }

    /// As [#faultIn] for reading, but faults may wait for a handler of the program's own.
    ///
    /// @return as there
    /// @kernel lib/test_hmm.c: dmirror_fault_unlocked
    public Errno faultInUnlocked(long start, long end) {
        long[] words = new long[RANGE_PAGES];
        for (long at = start; at < end; ) {
            long stop = Math.min(end, at + PageSize.pageAddress(RANGE_PAGES));
            Errno errno = faultInStepUnlocked(at, stop, words);
            if (!errno.isOk()) {
                return errno;
            }
            at = stop;
        }
        return Errno.OK;
    }

    private Errno faultInStepUnlocked(long start, long end, long[] words) {
        long request = HmmPfn.REQ_FAULT;
        allowPeers(words);
        HmmRange range =
                new HmmRange(mm, notifier, 0, start, end, words, request, wordMask(), owner);
        for (int attempt = 0; attempt < STALE_LIMIT; attempt++) {
            HmmFill fill = HmmRangeFault.fillUnlocked(range, RETRY_TIMEOUT_NANOS, nanoClock);
            if (!fill.errno().isOk()) {
                return fill.errno();
            }
            table.lock();
            try {
                if (!notifier.readRetry(fill.notifierSequence())) {
                    Errno installed = installLocked(start, end, request, words);
                    if (installed != Errno.EBUSY) {
                        return installed;
                    }
                }
            } finally {
                table.unlock();
            }
        }
        return Errno.EBUSY;
    }

    /// @return EBUSY if pages of other devices can not be used where they lie: their words do not
    ///   ask for that any more, and the next call brings them to RAM
    /// @kernel lib/test_hmm.c: dmirror_do_fault
    private Errno installLocked(long start, long end, long request, long[] words) {
        int pageCount = (int) PageSize.pageNumber(end - start);
        long first = PageSize.pageNumber(start);
        Errno result = Errno.OK;
        for (int page = 0; page < pageCount; page++) {
            long word = words[page];
            boolean writable = HmmPfn.isWritable(word);
            if (peers != null && peers.isPeer(HmmPfn.page(word))) {
                boolean suffices = writable || (request & HmmPfn.REQ_WRITE) == 0;
                if (!suffices || !installPeer(peers, first + page, HmmPfn.page(word), writable)) {
                    words[page] = 0;
                    result = Errno.EBUSY;
                }
                continue;
            }
            if (!writable && (request & HmmPfn.REQ_WRITE) != 0) {
                return Errno.EFAULT;
            }
            table.setEntryLocked(first + page, DevicePte.of(HmmPfn.page(word), writable));
        }
        return result;
    }

    /// @return false if the page can not be mapped
    private boolean installPeer(
            PeerClient client, long pageNumber, long dmaPage, boolean writable) {
        long entry = DevicePte.ofPeer(dmaPage, writable);
        if (table.entryLocked(pageNumber) == entry) {
            return true;
        }
        table.eraseLocked(pageNumber, pageNumber + 1);
        if (!client.map(dmaPage)) {
            return false;
        }
        table.setEntryLocked(pageNumber, entry);
        return true;
    }

    /// Looks at a range without faulting anything, through a notifier of its own.
    ///
    /// @param words is filled, one word for each page
    /// @param use is called with the words still true, under the table's lock
    /// @return EINVAL if the process has exited, EBUSY for a range that does not come to rest
    /// @kernel lib/test_hmm.c: dmirror_range_snapshot
    public Errno snapshot(long start, long end, long[] words, Runnable use) {
        Insertion insertion = mm.notifiers().insert(start, end - start, this::invalidateSnapshot);
        return switch (insertion) {
            case Insertion.Refused(Errno errno) -> errno;
            case Insertion.Inserted(MmuIntervalNotifier temporary) -> {
                try (temporary) {
                    yield snapshot(temporary, start, end, words, use);
                }
            }
        };
    }

    private Errno snapshot(
            MmuIntervalNotifier temporary, long start, long end, long[] words, Runnable use) {
        long deadline = nanoClock.getAsLong() + RETRY_TIMEOUT_NANOS;
        while (nanoClock.getAsLong() - deadline <= 0) {
            allowPeers(words);
            long sequence = temporary.readBegin();
            Errno errno = fill(temporary, sequence, start, end, words, 0);
            if (errno == Errno.EBUSY) {
                continue;
            }
            if (!errno.isOk()) {
                return errno;
            }
            table.lock();
            try {
                if (!temporary.readRetry(sequence)) {
                    use.run();
                    return Errno.OK;
                }
            } finally {
                table.unlock();
            }
        }
        return Errno.EBUSY;
    }

    /// The temporary notifier has nothing to drop.
    ///
    /// @kernel lib/test_hmm.c: dmirror_snapshot_invalidate
    private boolean invalidateSnapshot(
            MmuIntervalNotifier interval, MmuNotifierRange range, long sequence) {
        if (range.blockable()) {
            table.lock();
        } else if (!table.tryLock()) {
            return false;
        }
        interval.setSequence(sequence);
        table.unlock();
        return true;
    }

    private Errno fill(
            MmuIntervalNotifier interval,
            long sequence,
            long start,
            long end,
            long[] words,
            long request) {
        mm.lockRead();
        try {
            if (mm.isExited()) {
                return request == 0 ? Errno.EINVAL : Errno.EFAULT;
            }
            return HmmRangeFault.fill(
                    new HmmRange(
                            mm, interval, sequence, start, end, words, request, wordMask(), owner));
        } finally {
            mm.unlockRead();
        }
    }

    /// Ends the mirroring; no callback runs afterwards.
    @Override
    public void close() {
        notifier.close();
        table.lock();
        table.eraseLocked(0, Long.MAX_VALUE);
        table.unlock();
    }
}
