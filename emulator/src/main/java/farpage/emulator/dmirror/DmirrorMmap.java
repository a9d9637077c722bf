package farpage.emulator.dmirror;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.file.DriverMmap;
import farpage.mm.file.OpenFile;

/// What a mapping of the device file shows: fresh pages of zeros, which belong to nobody else.
///
/// They are ordinary system pages, but put there by the driver, so migration refuses the mapping.
///
/// @kernel lib/test_hmm.c: dmirror_fops_mmap
public final class DmirrorMmap implements DriverMmap {
    private final Machine machine;

    private DmirrorMmap(Machine machine) {
        this.machine = machine;
    }

    /// The device file, opened to be mapped. Whoever opened it closes it; mappings keep it.
    public static OpenFile open(Machine machine) {
        return machine.files().device(new DmirrorMmap(machine));
    }

    @Override
    public Errno mmap(Vma vma) {
        for (long at = vma.start(); at < vma.end(); at += PageSize.PAGE_SIZE) {
            long page = machine.allocateFolio(0);
            if (page == Page.NONE) {
                return Errno.ENOMEM;
            }
            machine.ram().zero(page, 0);
            Errno refused = vma.mm().insertPage(vma, at, page);
            machine.put(page);
            if (!refused.isOk()) {
                return refused;
            }
        }
        return Errno.OK;
    }
}
