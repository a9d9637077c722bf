package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.file.FileMapping;
import farpage.mm.file.OpenFile;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;

/// The check of pages that are no process's own: each mapping of one against the file that it
/// belongs to, and the pages of each file against the memmap.
final class FilePageCheck {
    private final Machine machine;
    private final FolioTable folios;
    private final Findings findings;

    /// Found in the process that is being checked.
    private long filePages;

    private long shmemPages;

    FilePageCheck(Machine machine, Findings findings) {
        this.machine = machine;
        this.folios = machine.folios();
        this.findings = findings;
    }

    void checkVma(Vma vma) {
        OpenFile file = vma.file();
        if (file != null) {
            findings.addUnless(
                    file.mapping().covers(vma), vma.mm() + " " + vma, "its file does not know it");
        }
    }

    /// Checks an entry that maps a page of a file, or of a driver.
    void checkMapped(Vma vma, long address, long entry) {
        long page = PageTableEntry.page(entry);
        if (RssCounter.of(folios, page) == RssCounter.SHMEM) {
            shmemPages++;
        } else {
            filePages++;
        }
        OpenFile file = vma.file();
        String where = vma.mm() + " " + String.format("%012x", address);
        if (file == null) {
            findings.add(where + ": anonymous memory maps a page that is not anonymous");
            return;
        }
        findings.addUnless(
                !PageTableEntry.isWritableDevicePrivate(entry),
                where,
                "a file's page on a device is writable to CPUs");
        findings.addUnless(
                !PageTableEntry.isWritable(entry) || vma.isShared(),
                where,
                "a private mapping can write to the file");
        if (folios.mapping(page) == null) {
            findings.addUnless(
                    (vma.flags() & VmFlags.MIXEDMAP) != 0, where, "the page belongs to nobody");
            return;
        }
        findings.addUnless(
                folios.mapping(page) == file.mapping(), where, "the page is of another file");
        findings.addUnless(
                folios.index(page) == vma.pageIndex(address),
                where,
                "the reverse map leads elsewhere, to index " + folios.index(page));
        int expected = FolioFlags.UPTODATE | (Page.isDevice(page) ? 0 : FolioFlags.LRU);
        findings.addUnless(
                (folios.flags(page) & expected) == expected,
                where,
                "mapped, but only " + FolioFlags.describe(folios.flags(page)));
    }

    /// Compares with what the process counts, and begins anew for the next one.
    void endProcess(Mm mm) {
        findings.addUnless(
                filePages == mm.rss(RssCounter.FILE) && shmemPages == mm.rss(RssCounter.SHMEM),
                mm,
                String.format(
                        "counts %d file and %d shmem pages, but maps %d and %d",
                        mm.rss(RssCounter.FILE), mm.rss(RssCounter.SHMEM), filePages, shmemPages));
        filePages = 0;
        shmemPages = 0;
    }

    /// Checks the pages of every open file.
    void checkFiles() {
        for (FileMapping file : machine.files().files()) {
            long end = Long.MAX_VALUE;
            long cached = 0;
            for (long index = file.nextCached(0, end);
                    index < end;
                    index = file.nextCached(index + 1, end)) {
                checkCached(file, index);
                cached++;
            }
            findings.addUnless(
                    cached == file.cachedPageCount(),
                    "file",
                    "counts " + file.cachedPageCount() + " pages, but has " + cached);
        }
    }

    /// A large folio is in its file as a whole, and aligned there.
    private void checkFolio(FileMapping file, long head, String where) {
        int count = folios.pageCount(head);
        findings.addUnless(
                folios.order(head) <= file.maxFolioOrder(), where, "larger than the file permits");
        findings.addUnless(folios.index(head) % count == 0, where, "not aligned in the file");
        findings.addUnless(
                count == 1
                        || file.lookupPage(folios.index(head)) == head
                                && file.lookupPage(folios.index(head) + count - 1)
                                        == head + count - 1,
                where,
                "a part of its folio is not in the file");
    }

    private void checkCached(FileMapping file, long index) {
        long page = file.lookupPage(index);
        String where = "index " + index + " of a file, " + Page.describe(page);
        findings.addUnless(
                folios.mapping(page) == file && folios.index(page) == index,
                where,
                "the page does not know where it is");
        long head = folios.head(page);
        findings.addUnless(
                folios.index(head) < file.pageCount(), where, "beyond the end of the file");
        checkFolio(file, head, where);
        findings.addUnless(
                !Page.isDevice(page)
                        || Page.isDevicePrivate(page)
                                && machine.filesOnDevices().movesPages()
                                && folios.hasFlag(page, FolioFlags.UPTODATE),
                where,
                "on a device, where it can not be");
        findings.addUnless(
                folios.hasFlag(page, FolioFlags.SWAPBACKED) == file.isShmem(),
                where,
                "swap-backed where the file is not, or the other way round");
        findings.addUnless(
                !folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE), where, "exclusive to a process");
    }
}
