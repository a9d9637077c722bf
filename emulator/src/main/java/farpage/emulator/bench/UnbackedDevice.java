package farpage.emulator.bench;

import farpage.emulator.devmem.Compactor;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.svm.RangeMigrator;
import farpage.mm.Check;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.memory.FolioOrders;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.zonedevice.DevicePrivateOps;

/// A device whose pages have numbers but no memory, with the driver of every other device: its
/// allocator, its page table, its notifiers and its migrations, and no copies.
///
/// @kernel lib/test_hmm.c: struct dmirror_device, without the pages behind it
final class UnbackedDevice implements DevicePrivateOps, AutoCloseable {
    private final DeviceMemory memory;
    private final RangeMigrator migrator;

    /// @param pageCount pages of device memory, registered when they are first needed
    /// @param chunkPages pages that are registered at once
    UnbackedDevice(Machine machine, long pageCount, long chunkPages) {
        long bytes = PageSize.pageAddress(pageCount);
        NoCopies copier = new NoCopies();
        this.memory =
                new DeviceMemory(
                        machine,
                        new UnbackedChunks(this, this),
                        bytes,
                        PageSize.pageAddress(chunkPages),
                        bytes,
                        FolioOrders.BASE);
        this.migrator =
                new RangeMigrator(
                        machine,
                        memory,
                        new Evictor(
                                machine, memory, copier, new Compactor(machine, memory, copier)),
                        copier,
                        this,
                        MigrateSelect.DEVICE_PRIVATE,
                        false,
                        false);
    }

    DeviceMemory memory() {
        return memory;
    }

    RangeMigrator migrator() {
        return migrator;
    }

    /// Has the device see a process.
    ProcessMirror mirror(Mm mm) {
        return new ProcessMirror(mm, this, () -> 0);
    }

    @Override
    public void folioFree(long page, int order) {
        memory.free(page, order);
    }

    @Override
    public void pagesFree(long firstPage, int count) {
        memory.freePages(firstPage, count);
    }

    @Override
    public void pagesFree(long[] pages, int from, int to) {
        memory.freePages(pages, from, to);
    }

    @Override
    public FaultResult migrateToRam(PageFault fault) {
        return migrator.toRam(fault);
    }

    /// No page of it is in use any more.
    @Override
    public void close() {
        Errno errno = migrator.release();
        Check.that(errno.isOk(), "a device without memory could not be given up");
        memory.close();
    }
}
