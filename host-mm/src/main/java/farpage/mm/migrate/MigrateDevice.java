package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.Arrays;

/// A migration of device pages by their numbers, wherever they are mapped: for eviction and for
/// taking a device down. No lock need be held.
///
/// Only folios that nobody has locked are taken; the others keep a zero word. A large folio is
/// taken whole by its head, and goes whole or not at all.
///
/// @kernel mm/migrate_device.c: migrate_device_range, migrate_device_pages, migrate_device_finalize
public final class MigrateDevice implements Migration {
    private final Machine machine;
    private final long[] src;
    private final long[] dst;
    private int pageCount;
    private int migratingCount;
    private boolean hasLarge;

    /// @param pageCountMax the most base pages that one migration may cover
    public MigrateDevice(Machine machine, int pageCountMax) {
        this.machine = machine;
        this.src = new long[pageCountMax];
        this.dst = new long[pageCountMax];
    }

    /// Collects and unmaps a run of device pages.
    ///
    /// @return the pages that are to migrate
    public int setupRange(long firstPage, int pageCount) {
        long[] pages = new long[pageCount];
        for (int i = 0; i < pageCount; i++) {
            pages[i] = Page.ofDevicePfn(Page.devicePfn(firstPage) + i);
        }
        return setup(pages, pageCount);
    }

    /// Collects and unmaps the given device pages. The tails of a large folio follow its head.
    ///
    /// @return the pages that are to migrate
    /// @kernel mm/migrate_device.c: migrate_device_pfns
    public int setup(long[] pages, int pageCount) {
        assert pageCount <= src.length;
        this.pageCount = pageCount;
        this.hasLarge = false;
        Arrays.fill(dst, 0, pageCount, MigratePfn.SKIP);
        for (int i = 0; i < pageCount; ) {
            long head = pages[i];
            src[i] = lock(head);
            long end = head + (1L << MigratePfn.order(src[i]));
            hasLarge |= MigratePfn.isCompound(src[i]);
            for (i++; i < pageCount && pages[i] > head && pages[i] < end; i++) {
                src[i] = MigratePfn.SKIP;
            }
        }
        migratingCount = new MigrateUnmap(machine, Page.NONE, src, pageCount).unmap();
        return migratingCount;
    }

    private long lock(long page) {
        FolioTable folios = machine.folios();
        if (!folios.tryGet(page)) {
            return MigratePfn.SKIP;
        }
        if (folios.head(page) != page || !folios.tryLock(page)) {
            machine.put(page);
            return MigratePfn.SKIP;
        }
        if (folios.hasFlag(page, FolioFlags.HWPOISON)) {
            folios.unlock(page);
            machine.put(page);
            return MigratePfn.SKIP; // what it contains must go nowhere
        }
        return MigratePfn.withMapped(MigratePfn.ofSourceFolio(page, folios.order(page), false));
    }

    @Override
    public boolean hasBasePagesOnly() {
        return !hasLarge;
    }

    @Override
    public int migratingCount() {
        return migratingCount;
    }

    @Override
    public int pageCount() {
        return pageCount;
    }

    @Override
    public long src(int index) {
        assert index < pageCount;
        return src[index];
    }

    @Override
    public long dst(int index) {
        assert index < pageCount;
        return dst[index];
    }

    @Override
    public void setDst(int index, long word) {
        assert index < pageCount;
        assert MigratePfn.isMigrating(src[index]) || src[index] == MigratePfn.SKIP;
        dst[index] = word;
    }

    @Override
    public boolean mayCut() {
        return false;
    }

    @Override
    public void pages() {
        int _ =
                new MigratePages(machine, Page.NONE, src, dst, mayCut())
                        .migrate(
                                pageCount,
                                (index, page) -> {
                                    throw new AssertionError("a hole without a VMA");
                                });
    }

    @Override
    public void finish() {
        new MigrateFinish(machine, Page.NONE, src, dst, pageCount, new long[2 * pageCount])
                .finish();
        pageCount = 0;
    }
}
