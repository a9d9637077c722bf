package farpage.mm.migrate;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;

/// Moves one device-coherent page to system memory, wherever it is mapped, because somebody wants
/// to hold it for long: a long-term pin would keep the driver from ever taking the page back.
///
/// ```
/// // page: looked up and referenced, the pin already turned into a plain reference
/// Errno errno = MigrateCoherentFolio.migrate(machine, page);  // the reference is gone now
/// // OK: look the address up again and find a system page; else give up with it
/// ```
///
/// @kernel mm/migrate_device.c: migrate_device_coherent_folio
public final class MigrateCoherentFolio {
    private MigrateCoherentFolio() {}

    /// Moves the page. Waits for its lock, so nothing inner than the mmap lock is held.
    ///
    /// @param page a device-coherent base page; the caller's reference to it is dropped, whatever
    ///   the outcome, and must be the only one besides those of mappings
    /// @return OK, or EBUSY if the page has to stay: somebody else holds a reference, there is no
    ///   system page, or the device failed
    public static Errno migrate(Machine machine, long page) {
        assert Page.isDeviceCoherent(page);
        assert machine.folios().order(page) == 0;
        machine.folios().lock(page);
        long[] src = {MigratePfn.withMapped(MigratePfn.ofSource(page, false))};
        long[] dst = {MigratePfn.SKIP};
        if (new MigrateUnmap(machine, Page.NONE, src, 1).unmap() == 0) {
            return Errno.EBUSY;
        }
        long to = machine.allocateFolio(0);
        if (to != Page.NONE) {
            if (machine.pageBytes().copyToSystem(page, to)) {
                machine.folios().lockNew(to);
                dst[0] = MigratePfn.ofPage(to);
            } else {
                machine.put(to);
            }
        }
        new MigratePages(machine, Page.NONE, src, dst, false)
                .migrate(
                        1,
                        (index, hole) -> {
                            throw new AssertionError("a hole without a VMA");
                        });
        boolean moved = MigratePfn.hasMigrated(src[0]);
        new MigrateFinish(machine, Page.NONE, src, dst, 1, new long[2]).finish();
        return moved ? Errno.OK : Errno.EBUSY;
    }
}
