package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.emulator.devmem.CopyOwner;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.file.DeviceCopies;
import farpage.mm.file.DeviceCopy;
import farpage.mm.file.ErrPage;
import farpage.mm.file.FileMapping;
import farpage.mm.file.OpenFile;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Copies pages of files to one device, which reads the copies until the file has them dropped. The
/// pages stay where they are, and a device that wants to write one writes it there.
///
/// @kernel the design that was proposed at LSF/MM 2025 instead of moving such pages
final class FileCopier implements CopyOwner {
    /// The most pages that are locked at once.
    private static final int BATCH_PAGES = 512;

    private final Machine machine;
    private final DeviceMemory memory;
    private final Evictor evictor;
    private final PageCopier engine;
    private final boolean evicts;
    private final ConcurrentHashMap<Long, FileCopy> byPage = new ConcurrentHashMap<>();

    // Working storage, under the DRIVER_SVM lock.
    private final CopyBatch batch = new CopyBatch(BATCH_PAGES);
    private final List<Locked> locked = new ArrayList<>();

    /// Where the process has a page of a file that is locked, and its copy.
    private record Locked(long pageNumber, FileCopy copy, boolean isNew) {}

    /// Locked folios, each with a reference.
    private final List<Long> folios = new ArrayList<>();

    FileCopier(
            Machine machine,
            DeviceMemory memory,
            Evictor evictor,
            PageCopier engine,
            boolean evicts) {
        this.machine = machine;
        this.memory = memory;
        this.evictor = evictor;
        this.engine = engine;
        this.evicts = evicts;
    }

    /// Copies what the device has no copy of yet. The lock of the memory is held, and nothing else.
    ///
    /// @return the copies that are in use there now; EIO after a failed read or copy
    MigrationResult copy(ProcessMirror mirror, long start, long end) {
        long copied = 0;
        for (long at = start; at < end; ) {
            long stop = Math.min(end, at + PageSize.pageAddress(BATCH_PAGES));
            long room = countMissing(mirror.mm(), at, stop);
            long _ = evicts ? evictor.reserve(room) : memory.grow(room);
            MigrationResult result = copyBatch(mirror, at, stop);
            copied += result.movedPages();
            if (!result.errno().isOk()) {
                return new MigrationResult(result.errno(), copied);
            }
            at = stop;
        }
        return new MigrationResult(Errno.OK, copied);
    }

    private MigrationResult copyBatch(ProcessMirror mirror, long start, long end) {
        Mm mm = mirror.mm();
        long copied = 0;
        mm.lockRead();
        try {
            for (Vma vma = firstVma(mm, start);
                    vma != null && vma.start() < end;
                    vma = after(vma)) {
                DeviceCopies copies = copies(vma);
                if (copies == null) {
                    continue;
                }
                MigrationResult result =
                        copyVma(
                                mirror,
                                vma,
                                copies,
                                Math.max(start, vma.start()),
                                Math.min(end, vma.end()));
                copied += result.movedPages();
                if (!result.errno().isOk()) {
                    return new MigrationResult(result.errno(), copied);
                }
            }
            return new MigrationResult(Errno.OK, copied);
        } finally {
            mm.unlockRead();
        }
    }

    /// The pages that there is no copy of yet.
    private long countMissing(Mm mm, long start, long end) {
        long missing = 0;
        mm.lockRead();
        try {
            for (Vma vma = firstVma(mm, start);
                    vma != null && vma.start() < end;
                    vma = after(vma)) {
                DeviceCopies copies = copies(vma);
                long stop = Math.min(end, vma.end());
                for (long at = Math.max(start, vma.start());
                        copies != null && at < stop;
                        at += PageSize.PAGE_SIZE) {
                    missing += own(copies, vma.pageIndex(at)) == null ? 1 : 0;
                }
            }
            return missing;
        } finally {
            mm.unlockRead();
        }
    }

    private static @Nullable Vma firstVma(Mm mm, long start) {
        return mm.isExited() ? null : mm.lookupVmaFrom(start);
    }

    private static @Nullable Vma after(Vma vma) {
        return vma.mm().lookupVmaFrom(vma.end());
    }

    /// Of the file that is mapped; null where its pages are not to be copied.
    private static @Nullable DeviceCopies copies(Vma vma) {
        OpenFile file = vma.file();
        return file == null || !vma.isShared() || !vma.isReadable()
                ? null
                : file.mapping().copies();
    }

    private MigrationResult copyVma(
            ProcessMirror mirror, Vma vma, DeviceCopies copies, long start, long end) {
        long at = start;
        long copied = 0;
        while (at < end) {
            Errno errno = lockRun(vma, copies, at, end);
            int run = locked.size();
            boolean isCopied = copyLocked(mirror);
            at += PageSize.pageAddress(run);
            copied += run;
            if (!errno.isOk() || !isCopied) {
                return new MigrationResult(errno.isOk() ? Errno.EIO : errno, copied);
            }
            if (run == 0 && !copies.file().isShmem()) {
                break; // no room, or the file ends
            }
            at += run == 0 ? PageSize.PAGE_SIZE : 0; // a hole stays one
        }
        return new MigrationResult(Errno.OK, copied);
    }

    private @Nullable FileCopy own(DeviceCopies copies, long index) {
        for (DeviceCopy one : copies.of(index)) {
            if (one instanceof FileCopy copy && copy.owner() == this) {
                return copy;
            }
        }
        return null;
    }

    /// Locks pages in a row as far as it goes: the first is waited for and read in, the others are
    /// tried.
    private Errno lockRun(Vma vma, DeviceCopies copies, long start, long end) {
        FileMapping file = copies.file();
        locked.clear();
        folios.clear();
        batch.clear();
        for (long at = start; at < end; at += PageSize.PAGE_SIZE) {
            long index = vma.pageIndex(at);
            boolean waits = at == start && !file.isShmem();
            long known = inLockedFolio(index);
            long page = known;
            if (known == Page.NONE) {
                page = waits ? file.lockForFault(index) : file.tryLockCached(index);
            }
            if (ErrPage.isError(page)) {
                return ErrPage.errno(page) == Errno.EIO ? Errno.EIO : Errno.OK;
            }
            if (page == Page.NONE) {
                return Errno.OK;
            }
            if (known == Page.NONE) {
                folios.add(page);
            }
            if (index >= file.pageCount()
                    || !lockCopy(copies, index, page, PageSize.pageNumber(at))) {
                return Errno.OK;
            }
        }
        return Errno.OK;
    }

    /// The page of an index if it is one of the folio that was locked last.
    private long inLockedFolio(long index) {
        if (folios.isEmpty()) {
            return Page.NONE;
        }
        long head = machine.folios().head(folios.getLast());
        long distance = index - machine.folios().index(head);
        return distance < machine.folios().pageCount(head) ? head + distance : Page.NONE;
    }

    /// @return false if the device has no room, or the page may change unnoticed
    private boolean lockCopy(DeviceCopies copies, long index, long page, long pageNumber) {
        FileCopy known = own(copies, index);
        if (known != null) {
            locked.add(new Locked(pageNumber, known, false));
            return true;
        }
        long[] to = new long[1];
        if (memory.allocate(to, 1, 0, this) == 0) {
            return false;
        }
        FileCopy copy = new FileCopy(this, copies, index, to[0]);
        byPage.put(to[0], copy);
        boolean added = copies.add(index, page, copy);
        machine.folios().unlock(to[0]);
        if (!added) {
            free(to[0]);
            return false;
        }
        batch.add(page, to[0]);
        locked.add(new Locked(pageNumber, copy, true));
        return true;
    }

    /// Copies the new ones, enters all in the device's table, and unlocks the pages.
    ///
    /// @return false if something could not be copied: the device has no copy of that
    private boolean copyLocked(ProcessMirror mirror) {
        CopyResult result = engine.startToDevice(batch).await();
        for (Locked one : locked) {
            if (one.isNew() && !result.hasCopied(one.copy().devicePage(), 1)) {
                boolean _ = one.copy().discard();
            } else {
                one.copy().enter(mirror, one.pageNumber());
            }
        }
        for (long page : folios) {
            machine.folios().unlock(page);
            machine.put(page);
        }
        return result.isCopied();
    }

    void free(long devicePage) {
        byPage.remove(devicePage);
        machine.put(devicePage);
    }

    @Override
    public boolean discard(long devicePage) {
        FileCopy copy = byPage.get(devicePage);
        return copy != null && copy.discard();
    }

    @Override
    public boolean isCopy(long devicePage) {
        return byPage.containsKey(devicePage);
    }
}
