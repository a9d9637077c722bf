package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioOrders;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.migrate.PhaseClock;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// What CPU faults work with, kept for the next ones: a fault on a base page takes little more time
/// than a few objects. Several may be under way; all but one of a size make their own then.
///
/// @kernel lib/test_hmm.c: the arrays on the stack of dmirror_devmem_fault
final class FaultStorage {
    private final Object owner;
    private final FolioOrders orders;
    private final PhaseClock clock;

    /// What rests, by the logarithm of the pages that it has room for.
    private final AtomicReferenceArray<@Nullable Work> resting =
            new AtomicReferenceArray<>(PageSize.LEVEL_SHIFT + 1);

    /// The storage of one fault, for as many pages.
    record Work(MigrateVma migration, CopyBatch batch) {}

    /// @param owner of the device's pages
    /// @param orders that the device uses; a page that comes back alone is a base page
    FaultStorage(Object owner, FolioOrders orders, PhaseClock clock) {
        this.owner = owner;
        this.orders = orders;
        this.clock = clock;
    }

    /// Takes storage for a fault, with an empty batch.
    ///
    /// @param faultPage locked by the core
    Work take(int pageCount, long faultPage) {
        int sizeClass = sizeClass(pageCount);
        Work kept = resting.getAndSet(sizeClass, null);
        Work work = kept == null ? make(sizeClass) : kept;
        work.migration().setFaultPage(faultPage);
        work.batch().clear();
        return work;
    }

    /// Keeps it, after the migration was finished.
    void rest(int pageCount, Work work) {
        resting.setRelease(sizeClass(pageCount), work);
    }

    private static int sizeClass(int pageCount) {
        assert pageCount > 0;
        return Integer.SIZE - Integer.numberOfLeadingZeros(pageCount - 1);
    }

    private Work make(int sizeClass) {
        int pageCount = 1 << sizeClass;
        MigrateVma migration =
                new MigrateVma(
                                pageCount,
                                MigrateSelect.DEVICE_PRIVATE,
                                owner,
                                Page.NONE,
                                sizeClass == 0 ? FolioOrders.BASE : orders)
                        .timedBy(clock);
        return new Work(migration, new CopyBatch(pageCount));
    }
}
