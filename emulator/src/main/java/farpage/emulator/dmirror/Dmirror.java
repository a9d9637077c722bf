package farpage.emulator.dmirror;

import farpage.emulator.copy.CopyEngine;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.peer.PeerClient;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.svm.MigrationStream;
import farpage.emulator.svm.RangeMigrator;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One open device file. It takes commands for the process that it was opened for, from any thread.
///
/// A file that is closed takes no new command; what is under way ends, and the last of it releases
/// the mirror, as the last reference to a file does.
///
/// @kernel lib/test_hmm.c: struct dmirror, dmirror_fops_unlocked_ioctl
public final class Dmirror implements AutoCloseable {
    private final RangeMigrator migrator;
    private final ProcessMirror mirror;
    private final MirrorAccess access;
    private final MirrorSnapshot snapshot;
    private final MirrorExclusive exclusive;
    private final FileRetry fileRetry;
    private final Consumer<Dmirror> onClose;

    /// The open file itself and the commands under way.
    private final AtomicInteger references = new AtomicInteger(1);

    private final AtomicBoolean closed = new AtomicBoolean();

    /// Made by the device that is opened; takes the mirror over.
    ///
    /// @param peers the device as a user of others' memory; null if it uses none
    public Dmirror(
            DeviceMemory memory,
            CopyEngine engine,
            RangeMigrator migrator,
            ProcessMirror mirror,
            @Nullable PeerClient peers,
            Consumer<Dmirror> onClose) {
        this.migrator = migrator;
        this.mirror = mirror;
        this.access = new MirrorAccess(memory, engine, mirror, peers);
        this.snapshot = new MirrorSnapshot(memory, mirror);
        this.exclusive = new MirrorExclusive(mirror);
        this.fileRetry = new FileRetry(migrator, mirror);
        this.onClose = onClose;
    }

    public Mm mm() {
        return mirror.mm();
    }

    /// The device's view of the process, for checks.
    public ProcessMirror mirror() {
        return mirror;
    }

    /// Carries a command out.
    public DmirrorReply execute(DmirrorCommand command) {
        return whileOpen(() ->
                isLegalRange(command.address(), command.pageCount())
                        ? executeLegal(command)
                        : DmirrorReply.failed(Errno.EINVAL));
    }

    private DmirrorReply executeLegal(DmirrorCommand command) {
        long address = command.address();
        long count = distinctPages(command.pageCount());
        return switch (command) {
            case DmirrorCommand.Read read ->
                    access.read(
                            address,
                            count,
                            read.to(),
                            (start, end) -> mirror.faultIn(start, end, false));
            case DmirrorCommand.ReadUnlocked read ->
                    access.read(address, count, read.to(), mirror::faultInUnlocked);
            case DmirrorCommand.Write write ->
                    access.write(
                            address,
                            count,
                            write.from(),
                            (start, end) -> mirror.faultIn(start, end, true));
            case DmirrorCommand.MigrateToDevice migrate ->
                    commandToDevice(address, count, migrate.to());
            case DmirrorCommand.MigrateToSystem _ -> commandToSystem(address, count);
            case DmirrorCommand.Snapshot look -> snapshot.take(address, count, look.to());
            case DmirrorCommand.Exclusive take -> {
                Errno errno = exclusive.take(address, walkEnd(address, count));
                yield errno.isOk()
                        ? access.readPresent(address, count, take.to())
                        : DmirrorReply.failed(errno);
            }
            case DmirrorCommand.CheckExclusive _ ->
                    reply(exclusive.check(address, walkEnd(address, count)));
            case DmirrorCommand.Flags flags -> {
                long set = flags.pageCount() & DmirrorCommand.Flags.FAIL_ALLOC;
                mirror.setFailAllocation(set != 0);
                yield DmirrorReply.ok(0, 0);
            }
            case DmirrorCommand.Release _ -> reply(migrator.release());
        };
    }

    /// The driver counts bytes, in 64 bits: the highest bits of a count of pages get lost.
    private static long distinctPages(long pageCount) {
        return PageSize.pageNumber(PageSize.pageAddress(pageCount));
    }

    private static DmirrorReply reply(Errno errno) {
        return errno.isOk() ? DmirrorReply.ok(0, 0) : DmirrorReply.failed(errno);
    }

    /// An aligned start below the end. A count of 0 and a range that wraps are both refused by the
    /// one comparison.
    private static boolean isLegalRange(long address, long pageCount) {
        return PageSize.isAligned(address)
                && Long.compareUnsigned(address, end(address, pageCount)) < 0;
    }

    private static long end(long address, long pageCount) {
        return address + PageSize.pageAddress(pageCount);
    }

    /// Where a walk ends: nothing is mapped in the upper half of the 64-bit range, so it stops
    /// where signed numbers do.
    private static long walkEnd(long address, long pageCount) {
        long end = end(address, pageCount);
        return address >= 0 && end < 0 ? PageSize.alignDown(Long.MAX_VALUE) : end;
    }

    // Migration.

    /// @kernel lib/test_hmm.c: dmirror_migrate_to_device
    private DmirrorReply commandToDevice(long address, long pageCount, MemorySegment to) {
        if (address < 0) {
            return DmirrorReply.failed(Errno.EINVAL);
        }
        MigrationResult result = toDevice(address, walkEnd(address, pageCount));
        return result.errno().isOk()
                ? access.readPresent(address, pageCount, to)
                : DmirrorReply.failed(result.errno());
    }

    private MigrationResult toDevice(long start, long end) {
        return fileRetry.isNeeded()
                ? fileRetry.toDevice(start, end)
                : migrator.toDevice(mirror, start, end);
    }

    /// @kernel lib/test_hmm.c: dmirror_migrate_to_system
    private DmirrorReply commandToSystem(long address, long pageCount) {
        if (address < 0) {
            return DmirrorReply.failed(Errno.EINVAL);
        }
        MigrationResult result = migrator.toSystem(mirror, address, walkEnd(address, pageCount));
        return result.errno().isOk()
                ? DmirrorReply.ok(result.movedPages(), 0)
                : DmirrorReply.failed(result.errno());
    }

    /// Migrates pages to the device, wherever they lie, and loads nothing.
    ///
    /// @param pageNumbers in any order
    /// @param count how many of them
    public MigrationResult migrateToDevice(long[] pageNumbers, int count) {
        return whileOpen(() -> migrator.toDevice(mirror, pageNumbers, count));
    }

    /// The same with one copy for as many pages as given: while the device copies them the next are
    /// collected.
    public MigrationResult migrateToDevice(long[] pageNumbers, int count, int copyPages) {
        return whileOpen(() -> migrator.toDevice(mirror, pageNumbers, count, copyPages));
    }

    /// Migrates a range to the device and loads nothing.
    public MigrationResult migrateToDevice(long address, long pageCount) {
        requireLegalRange(address, pageCount);
        return whileOpen(() -> toDevice(address, end(address, pageCount)));
    }

    private static void requireLegalRange(long address, long pageCount) {
        if (!isLegalRange(address, pageCount)) {
            throw new IllegalArgumentException(
                    String.format(
                            "range: address=%x, pageCount=%d, limit=aligned and not empty",
                            address, pageCount));
        }
    }

    /// Migrates a range back to system memory.
    public MigrationResult migrateToSystem(long address, long pageCount) {
        requireLegalRange(address, pageCount);
        return whileOpen(() -> migrator.toSystem(mirror, address, end(address, pageCount)));
    }

    /// Joins base pages of a range that are on the device into large folios there, as far as that
    /// can be done.
    ///
    /// @return with the pages that were joined
    public MigrationResult collapse(long address, long pageCount) {
        requireLegalRange(address, pageCount);
        return whileOpen(() -> migrator.collapse(mirror, address, end(address, pageCount)));
    }

    /// Migrates pages back to system memory, wherever they lie.
    ///
    /// @param pageNumbers in any order
    /// @param count how many of them
    public MigrationResult migrateToSystem(long[] pageNumbers, int count) {
        return whileOpen(() -> migrator.toSystem(mirror, pageNumbers, count));
    }

    /// The same with one copy for as many pages as given.
    public MigrationResult migrateToSystem(long[] pageNumbers, int count, int copyPages) {
        return whileOpen(() -> migrator.toSystem(mirror, pageNumbers, count, copyPages));
    }

    /// Migrates batches to the device, several of them under way at once.
    ///
    /// @param batches under way, at most, 1 to [RangeMigrator#IN_FLIGHT_MAX]
    /// @param feed adds them, and does nothing else with the process or the device
    /// @return of all batches together
    public MigrationResult migrateToDevice(int batches, Consumer<MigrationStream> feed) {
        return whileOpen(() -> migrator.toDevice(mirror, batches, feed));
    }

    /// Migrates batches back to system memory, as for the other direction.
    public MigrationResult migrateToSystem(int batches, Consumer<MigrationStream> feed) {
        return whileOpen(() -> migrator.toSystem(mirror, batches, feed));
    }

    // The file's life.

    /// Does something while the file stays open.
    ///
    /// @kernel include/linux/file.h: fdget, fdput
    private <R> R whileOpen(Supplier<R> command) {
        get();
        try {
            return command.get();
        } finally {
            put();
        }
    }

    private void get() {
        int before;
        do {
            before = references.get();
            if (closed.get() || before == 0) {
                throw new IllegalStateException("the device file is closed");
            }
        } while (!references.compareAndSet(before, before + 1));
    }

    private void put() {
        if (references.decrementAndGet() == 0) {
            release();
        }
    }

    /// Ends the mirroring and moves the device's pages back, whoever maps them: they remember the
    /// file through which they came.
    ///
    /// @kernel lib/test_hmm.c: dmirror_fops_release
    private void release() {
        mirror.close();
        migrator.evictAll();
        onClose.accept(this);
    }

    /// Closes the file. If commands are under way, the last one of them does the rest.
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            put();
        }
    }
}
