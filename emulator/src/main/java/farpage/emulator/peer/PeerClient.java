package farpage.emulator.peer;

import farpage.emulator.copy.AccessBatch;
import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PeerCopy;
import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.hmm.P2pdmaRoutes;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.opencl.ClException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One device as a user of the others' memory: what it may map, what it has mapped, and its loads
/// and stores there.
///
/// @kernel drivers/infiniband/core/umem_odp.c, the importer's side
public final class PeerClient implements P2pdmaRoutes, AutoCloseable {
    private final PeerTable table;
    private final PeerTable.Port port;
    private final int mappingLimit;
    private final LongSupplier nanoClock;

    /// Pages that are mapped now, by all processes.
    private final AtomicInteger mapped = new AtomicInteger();

    private final LongAdder mappings = new LongAdder();
    private final LongAdder refusals = new LongAdder();
    private final LongAdder revocations = new LongAdder();
    private final LongAdder readPages = new LongAdder();
    private final LongAdder writtenPages = new LongAdder();

    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);

    /// What copies from and to each other device, by its number; under the lock.
    private final List<@Nullable PeerCopy> copies = new ArrayList<>();

    /// Enters the device in the table.
    ///
    /// @param exports of its own memory, null where that is not device-private
    /// @param mappingLimit how many pages of others it can have mapped at once
    public PeerClient(
            PeerTable table,
            int number,
            CopyDevice device,
            DeviceMemory memory,
            @Nullable PeerExports exports,
            int mappingLimit,
            LongSupplier nanoClock) {
        this.table = table;
        this.port = new PeerTable.Port(number, device, memory, exports);
        this.mappingLimit = mappingLimit;
        this.nanoClock = nanoClock;
        table.add(port);
    }

    /// What others have of this device's memory; null where that is not device-private.
    public @Nullable PeerExports exports() {
        return port.exports();
    }

    // The ways.

    /// Whether a page of an answer of `hmm_range_fault` is another device's memory.
    public boolean isPeer(long dmaPage) {
        PeerTable.Port owner = table.lookupOwner(dmaPage);
        return owner != null && owner.number() != port.number();
    }

    @Override
    public Route route(long dmaPage) {
        PeerTable.Port owner = table.lookupOwner(dmaPage);
        return owner == null ? Route.NONE : table.route(owner, port);
    }

    @Override
    public long busAddress(long dmaPage) {
        assert route(dmaPage) == Route.BUS_ADDR;
        return PageSize.pageAddress(Page.number(dmaPage));
    }

    // Mappings.

    /// Maps a page of another device, which holds until [#unmap]. The lock of the device's page
    /// table is held, and what was looked up still holds.
    ///
    /// @return false if there is no way, or no room for one more
    public boolean map(long dmaPage) {
        PeerTable.Port owner = owner(dmaPage);
        if (table.route(owner, port) == Route.NOT_SUPPORTED || !takeRoom()) {
            refusals.increment();
            return false;
        }
        exports(owner).map(dmaPage);
        mappings.increment();
        return true;
    }

    private boolean takeRoom() {
        int before;
        do {
            before = mapped.get();
            if (before >= mappingLimit) {
                return false;
            }
        } while (!mapped.compareAndSet(before, before + 1));
        return true;
    }

    /// Ends a mapping; the device uses the page no more.
    public void unmap(long dmaPage) {
        mapped.decrementAndGet();
        exports(owner(dmaPage)).unmap(dmaPage);
    }

    /// Pages were taken from the device because mappings of a process changed.
    public void countRevoked(long pages) {
        revocations.add(pages);
    }

    private PeerTable.Port owner(long dmaPage) {
        PeerTable.Port owner = table.lookupOwner(dmaPage);
        assert owner != null && owner.number() != port.number() : Page.describe(dmaPage);
        return owner;
    }

    private static PeerExports exports(PeerTable.Port owner) {
        return Objects.requireNonNull(owner.exports());
    }

    // Accesses. The lock of the device's page table is held, so the pages stay.

    /// The number of the device whose memory a page is.
    public int ownerNumber(long dmaPage) {
        return owner(dmaPage).number();
    }

    /// Lists a page that is mapped.
    ///
    /// @param batch of pages of one owner
    /// @param offset where its bytes lie in the caller's buffer
    public void add(AccessBatch batch, long dmaPage, long offset) {
        PeerTable.Port owner = owner(dmaPage);
        long page = exports(owner).privatePage(dmaPage);
        batch.add(page, offset, owner.memory().pagesToEnd(page));
    }

    /// The device loads pages of one other device for the caller.
    ///
    /// @param to memory off the Java heap
    public CopyResult read(int owner, AccessBatch batch, MemorySegment to) {
        CopyResult result = with(owner, copy -> copy.read(batch, to));
        readPages.add(batch.pageCount());
        return result;
    }

    /// The device stores the caller's bytes in pages of one other device.
    ///
    /// @param from memory off the Java heap
    public CopyResult write(int owner, AccessBatch batch, MemorySegment from) {
        CopyResult result = with(owner, copy -> copy.write(batch, from));
        writtenPages.add(batch.pageCount());
        return result;
    }

    /// Copies pages of one other device to pages of this one, for a migration between them.
    public CopyResult move(int owner, CopyBatch batch) {
        return with(owner, copy -> copy.move(batch, port.memory()));
    }

    /// What the copies need is made at the first of them; if that fails nothing was copied.
    private CopyResult with(int owner, Function<PeerCopy, CopyResult> use) {
        PeerCopy copy;
        try {
            copy = copy(owner);
        } catch (ClException e) {
            return new CopyResult.Failed(e);
        }
        return use.apply(copy);
    }

    private PeerCopy copy(int number) {
        lock.lock();
        try {
            while (copies.size() <= number) {
                copies.add(null);
            }
            PeerCopy known = copies.get(number);
            if (known == null) {
                PeerTable.Port owner = table.port(number);
                known =
                        new PeerCopy(
                                owner.device(),
                                owner.memory(),
                                port.device(),
                                table.route(owner, port) == Route.BUS_ADDR,
                                nanoClock);
                copies.set(number, known);
            }
            return known;
        } finally {
            lock.unlock();
        }
    }

    public PeerStatistics statistics() {
        long direct = 0;
        long staged = 0;
        long nanos = 0;
        for (PeerCopy copy : openCopies()) {
            direct += copy.isDirect() ? copy.copiedBytes() : 0;
            staged += copy.isDirect() ? 0 : copy.copiedBytes();
            nanos += copy.copyNanos();
        }
        return new PeerStatistics(
                mappings.sum(),
                refusals.sum(),
                revocations.sum(),
                readPages.sum(),
                writtenPages.sum(),
                direct,
                staged,
                nanos);
    }

    private List<PeerCopy> openCopies() {
        lock.lock();
        try {
            return copies.stream()
                    .<PeerCopy>mapMulti((copy, to) -> {
                        if (copy != null) {
                            to.accept(copy);
                        }
                    })
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /// Pages of others that are mapped now.
    public int mappedPages() {
        return mapped.get();
    }

    @Override
    public void close() {
        openCopies().forEach(PeerCopy::close);
        copies.clear();
    }
}
