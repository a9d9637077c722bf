package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import java.util.function.Function;

/// Moves pages of a process from another device's memory straight to one's own, without a page of
/// RAM between. The two drivers must know of each other: the pages are collected by their owner.
///
/// @kernel drivers/gpu/drm/drm_pagemap.c: drm_pagemap_migrate_to_devmem, with source_peer_migrates
public final class PeerMigrator {
    private final Machine machine;
    private final DeviceMemory memory;

    /// For the device whose memory the pages are to move to.
    public PeerMigrator(Machine machine, DeviceMemory memory) {
        this.machine = machine;
        this.memory = memory;
    }

    /// Moves what a range has on the other device, as far as this one has room without making any.
    /// Nothing is held.
    ///
    /// @param mirror for which the pages come
    /// @param owner of the pages now
    /// @param copy from its pages to this device's
    /// @return EINVAL at the first address that no mapping covers, EIO after a failed copy
    public MigrationResult migrate(
            ProcessMirror mirror,
            Object owner,
            long start,
            long end,
            Function<CopyBatch, CopyResult> copy) {
        Mm mm = mirror.mm();
        memory.lock();
        mm.lockRead();
        try {
            growFor(PageSize.pageNumber(end - start));
            long moved = 0;
            for (long at = start; at < end; ) {
                Vma vma = mm.lookupVma(at);
                if (vma == null) {
                    return new MigrationResult(Errno.EINVAL, moved);
                }
                long stop = Math.min(end, vma.end());
                stop = Math.min(stop, at + PageSize.pageAddress(RangeMigrator.BATCH_PAGES));
                MigrationResult result = migrate(mirror, vma, owner, at, stop, copy);
                moved += result.movedPages();
                if (!result.errno().isOk()) {
                    return new MigrationResult(result.errno(), moved);
                }
                at = stop;
            }
            return new MigrationResult(Errno.OK, moved);
        } finally {
            mm.unlockRead();
            memory.unlock();
        }
    }

    private void growFor(long pageCount) {
        memory.grow(pageCount);
        if (pageCount >= PageSize.ENTRIES_PER_TABLE
                && memory.orders().contains(PageSize.HPAGE_PMD_ORDER)) {
            memory.grow(pageCount, PageSize.HPAGE_PMD_ORDER);
        }
    }

    private MigrationResult migrate(
            ProcessMirror mirror,
            Vma vma,
            Object owner,
            long start,
            long end,
            Function<CopyBatch, CopyResult> copy) {
        int pageCount = (int) PageSize.pageNumber(end - start);
        MigrateVma migration =
                new MigrateVma(
                        pageCount, MigrateSelect.DEVICE_PRIVATE, owner, Page.NONE, memory.orders());
        Errno errno = migration.setup(vma, start, end);
        if (!errno.isOk()) {
            return new MigrationResult(errno, 0);
        }
        CopyBatch batch = new CopyBatch(pageCount);
        fill(mirror, migration, batch);
        CopyResult copied = batch.count() == 0 ? new CopyResult.Copied() : copy.apply(batch);
        if (!copied.isCopied()) {
            SystemDestinations.drop(machine, migration, copied);
        }
        migration.pages();
        long moved = 0;
        for (int i = 0; i < migration.pageCount(); i++) {
            long word = migration.src(i);
            moved += MigratePfn.hasMigrated(word) ? MigratePfn.pageCount(word) : 0;
        }
        migration.finish();
        return new MigrationResult(copied.isCopied() ? Errno.OK : Errno.EIO, moved);
    }

    /// Each folio gets one of its size, or stays.
    private void fill(ProcessMirror mirror, MigrateVma migration, CopyBatch batch) {
        long[] one = new long[1];
        for (int i = 0; i < migration.pageCount(); i += MigratePfn.pageCount(migration.src(i))) {
            long word = migration.src(i);
            if (!MigratePfn.isMigrating(word) || !MigratePfn.hasPage(word)) {
                continue;
            }
            int order = MigratePfn.order(word);
            if (memory.allocate(one, 1, order, mirror) == 0) {
                continue;
            }
            if (order > 0) {
                machine.folios().setZoneDeviceData(one[0], mirror);
            }
            long destination = MigratePfn.ofFolio(one[0], order);
            migration.setDst(
                    i,
                    MigratePfn.isWritable(word) ? MigratePfn.withWrite(destination) : destination);
            batch.add(MigratePfn.page(word), one[0], 1 << order);
        }
    }
}
