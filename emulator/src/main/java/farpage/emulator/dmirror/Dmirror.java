package farpage.emulator.dmirror;

import farpage.emulator.copy.AccessBatch;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.svm.RangeMigrator;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.hmm.HmmPfn;
import farpage.mm.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/// One open device file. It takes commands for the process that it was opened for, from any thread.
///
/// The bytes of a page on the device move by OpenCL transfers, those of a system page within RAM.
/// Both happen under the lock of the device's page table, which is what keeps the page where the
/// table says: an invalidation waits until the device's access is over. So the wait for a transfer
/// under `DRIVER_UPDATE` is the access itself; no other wait happens there.
///
/// @kernel lib/test_hmm.c: struct dmirror, dmirror_fops_unlocked_ioctl
public final class Dmirror implements AutoCloseable {
    private final Machine machine;
    private final DeviceMemory memory;
    private final CopyEngine engine;
    private final RangeMigrator migrator;
    private final ProcessMirror mirror;
    private final Consumer<Dmirror> onClose;

    /// The device's transfers of one round, under the table's lock.
    private final AccessBatch transfers = new AccessBatch();

    private boolean closed;

    /// Made by the device that is opened; takes the mirror over.
    public Dmirror(
            DeviceMemory memory,
            CopyEngine engine,
            RangeMigrator migrator,
            ProcessMirror mirror,
            Consumer<Dmirror> onClose) {
        this.machine = mirror.mm().machine();
        this.memory = memory;
        this.engine = engine;
        this.migrator = migrator;
        this.mirror = mirror;
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
        if (closed) {
            throw new IllegalStateException("the device file is closed");
        }
        if (!isLegalRange(command.address(), command.pageCount())) {
            return DmirrorReply.failed(Errno.EINVAL);
        }
        return switch (command) {
            case DmirrorCommand.Read(long address, long pageCount, MemorySegment to) ->
                    read(address, pageCount, to);
            case DmirrorCommand.Write(long address, long pageCount, MemorySegment from) ->
                    write(address, pageCount, from);
            case DmirrorCommand.MigrateToDevice(long address, long pageCount, MemorySegment to) ->
                    migrateToDevice(address, pageCount, to);
            case DmirrorCommand.MigrateToSystem(long address, long pageCount) ->
                    migrateToSystem(address, pageCount);
            case DmirrorCommand.Snapshot(long address, long pageCount, MemorySegment to) ->
                    snapshot(address, pageCount, to);
            case DmirrorCommand.Release _ -> {
                Errno errno = migrator.release();
                yield errno.isOk() ? DmirrorReply.ok(0, 0) : DmirrorReply.failed(errno);
            }
        };
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
        return end < 0 ? PageSize.alignDown(Long.MAX_VALUE) : end;
    }

    private static DmirrorReply reply(MigrationResult result) {
        return result.errno().isOk()
                ? DmirrorReply.ok(result.movedPages(), 0)
                : DmirrorReply.failed(result.errno());
    }

    // READ and WRITE.

    /// @kernel lib/test_hmm.c: dmirror_read
    private DmirrorReply read(long address, long pageCount, MemorySegment to) {
        return access(address, pageCount, to, false);
    }

    /// @kernel lib/test_hmm.c: dmirror_write
    private DmirrorReply write(long address, long pageCount, MemorySegment from) {
        return access(address, pageCount, from, true);
    }

    private DmirrorReply access(long address, long pageCount, MemorySegment buffer, boolean write) {
        if (!fits(pageCount, buffer)) {
            return DmirrorReply.failed(Errno.EFAULT);
        }
        long done = 0;
        long faults = 0;
        while (true) {
            Access access = accessOnce(address, done, pageCount, buffer, write);
            if (!access.errno().isOk()) {
                return DmirrorReply.failed(access.errno());
            }
            done = access.donePages();
            if (done == pageCount) {
                return DmirrorReply.ok(done, faults);
            }
            Errno errno = mirror.faultIn(end(address, done), end(address, pageCount), write);
            if (!errno.isOk()) {
                return DmirrorReply.failed(errno);
            }
            faults++;
        }
    }

    private static boolean fits(long pageCount, MemorySegment buffer) {
        return Long.compareUnsigned(pageCount, PageSize.pageNumber(buffer.byteSize())) <= 0;
    }

    /// How far one round came.
    private record Access(Errno errno, long donePages) {}

    /// Accesses pages from `done` on, up to the first one that the table does not permit.
    ///
    /// @kernel lib/test_hmm.c: dmirror_do_read, dmirror_do_write
    private Access accessOnce(
            long address, long done, long pageCount, MemorySegment buffer, boolean write) {
        DevicePageTable table = mirror.table();
        long firstPage = PageSize.pageNumber(address);
        table.lock();
        try {
            transfers.clear();
            long at = done;
            for (; at < pageCount; at++) {
                long entry = table.entryLocked(firstPage + at);
                if (!(write ? DevicePte.isWritable(entry) : DevicePte.isPresent(entry))) {
                    break;
                }
                accessPage(DevicePte.page(entry), buffer, PageSize.pageAddress(at), write);
            }
            boolean moved =
                    transfers.isEmpty()
                            || (write
                                            ? engine.write(transfers, buffer)
                                            : engine.read(transfers, buffer))
                                    .isCopied();
            return new Access(moved ? Errno.OK : Errno.EIO, at);
        } finally {
            table.unlock();
        }
    }

    private void accessPage(long page, MemorySegment buffer, long offset, boolean write) {
        if (Page.isDevice(page)) {
            transfers.add(page, offset, memory.pagesToEnd(page));
            return;
        }
        MemorySegment ram = machine.ram().segment();
        if (write) {
            MemorySegment.copy(buffer, offset, ram, HostMemory.offset(page), PageSize.PAGE_SIZE);
        } else {
            MemorySegment.copy(ram, HostMemory.offset(page), buffer, offset, PageSize.PAGE_SIZE);
        }
    }

    // Migration.

    /// @kernel lib/test_hmm.c: dmirror_migrate_to_device
    private DmirrorReply migrateToDevice(long address, long pageCount, MemorySegment to) {
        if (address < 0) {
            return DmirrorReply.failed(Errno.EINVAL);
        }
        MigrationResult result = migrator.toDevice(mirror, address, walkEnd(address, pageCount));
        if (!result.errno().isOk()) {
            return DmirrorReply.failed(result.errno());
        }
        if (!fits(pageCount, to)) {
            return DmirrorReply.failed(Errno.EFAULT);
        }
        Access access = accessOnce(address, 0, pageCount, to, false);
        if (!access.errno().isOk()) {
            return DmirrorReply.failed(access.errno());
        }
        return access.donePages() < pageCount
                ? DmirrorReply.failed(Errno.ENOENT)
                : DmirrorReply.ok(pageCount, 0);
    }

    /// @kernel lib/test_hmm.c: dmirror_migrate_to_system
    private DmirrorReply migrateToSystem(long address, long pageCount) {
        return address < 0
                ? DmirrorReply.failed(Errno.EINVAL)
                : reply(migrator.toSystem(mirror, address, walkEnd(address, pageCount)));
    }

    /// Migrates single pages to the device, many ranges in one batch, and loads nothing.
    ///
    /// @param pageNumbers in ascending order, none twice
    /// @param count how many of them
    public MigrationResult migrateToDevice(long[] pageNumbers, int count) {
        return migrator.toDevice(mirror, pageNumbers, count);
    }

    /// Migrates a range to the device and loads nothing.
    public MigrationResult migrateToDevice(long address, long pageCount) {
        requireLegal(address, pageCount);
        return migrator.toDevice(mirror, address, end(address, pageCount));
    }

    /// Migrates single pages back to system memory, many ranges in one batch.
    ///
    /// @param pageNumbers in ascending order, none twice
    /// @param count how many of them
    public MigrationResult migrateToSystem(long[] pageNumbers, int count) {
        return migrator.toSystem(mirror, pageNumbers, count);
    }

    private static void requireLegal(long address, long pageCount) {
        if (!isLegalRange(address, pageCount)) {
            throw new IllegalArgumentException(
                    String.format(
                            "range: address=%x, pageCount=%d, limit=aligned and not empty",
                            address, pageCount));
        }
    }

    // SNAPSHOT.

    /// @kernel lib/test_hmm.c: dmirror_snapshot
    private DmirrorReply snapshot(long address, long pageCount, MemorySegment to) {
        long[] words = new long[ProcessMirror.RANGE_PAGES];
        byte[] prots = new byte[ProcessMirror.RANGE_PAGES];
        for (long done = 0; done < pageCount; ) {
            int step = (int) Math.min(ProcessMirror.RANGE_PAGES, pageCount - done);
            long start = end(address, done);
            Errno errno =
                    mirror.snapshot(start, end(start, step), words, () -> fill(words, prots, step));
            if (!errno.isOk()) {
                return DmirrorReply.failed(errno);
            }
            if (done + step > to.byteSize()) {
                return DmirrorReply.failed(Errno.EFAULT);
            }
            MemorySegment.copy(prots, 0, to, ValueLayout.JAVA_BYTE, done, step);
            done += step;
        }
        return DmirrorReply.ok(pageCount, 0);
    }

    private void fill(long[] words, byte[] prots, int count) {
        for (int page = 0; page < count; page++) {
            prots[page] = (byte) prot(words[page]);
        }
    }

    /// @kernel lib/test_hmm.c: dmirror_mkentry
    private int prot(long word) {
        if (HmmPfn.isError(word)) {
            return DmirrorProt.ERROR;
        }
        if (!HmmPfn.isValid(word)) {
            return DmirrorProt.NONE;
        }
        long page = HmmPfn.page(word);
        int prot = HmmPfn.isWritable(word) ? DmirrorProt.WRITE : DmirrorProt.READ;
        if (Page.isDevice(page)) {
            // Only pages of this device are ever answered.
            prot |= DmirrorProt.DEVICE_PRIVATE_LOCAL;
        } else if (page == machine.zeroPage()) {
            prot |= DmirrorProt.ZERO;
        }
        return HmmPfn.order(word) == PageSize.HPAGE_PMD_ORDER ? prot | DmirrorProt.PMD : prot;
    }

    /// Closes the file. Pages that it migrated stay on the device.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            mirror.close();
            onClose.accept(this);
        }
    }
}
