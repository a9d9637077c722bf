package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.file.FileMapping;
import farpage.mm.ksm.StableNode;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.swap.SwapEntry;
import farpage.mm.userfaultfd.Userfaultfd;
import org.jspecify.annotations.Nullable;

/// The check of one process: its VMAs, and each entry of its page table against the VMA that it is
/// in and the page that it names.
final class MappingCheck {
    private static final long END = PageSize.TASK_SIZE + PageSize.PAGE_SIZE;

    private final Machine machine;
    private final FolioTable folios;
    private final MappingCounts counts;
    private final SwapCheck swap;
    private final Findings findings;
    private final FilePageCheck filePages;
    private final HugetlbCheck hugetlb;

    /// The pair that the reverse map was last found to connect; pages in a row mostly share it.
    private @Nullable AnonVma connectedAnonVma;

    private @Nullable Vma connectedVma;

    /// Whether the entry that is checked is that of a huge leaf.
    private boolean huge;

    /// Pages of the pool of huge pages that the process maps.
    private long hugetlbPages;

    /// Swap entries of the process that is checked.
    private long swapEntries;

    MappingCheck(Machine machine, MappingCounts counts, SwapCheck swap, Findings findings) {
        this.swap = swap;
        this.machine = machine;
        this.folios = machine.folios();
        this.counts = counts;
        this.findings = findings;
        this.filePages = new FilePageCheck(machine, findings);
        this.hugetlb = new HugetlbCheck(machine, findings);
    }

    /// Of pages that are no process's own.
    FilePageCheck filePages() {
        return filePages;
    }

    /// Of the pool of huge pages.
    HugetlbCheck hugetlb() {
        return hugetlb;
    }

    void check(Mm mm) {
        findings.addUnless(mm.notifiers().isQuiet(), mm, "an invalidation was not ended");
        mm.lockRead();
        try {
            checkVmas(mm);
            swapEntries = 0;
            hugetlbPages = 0;
            long anonymousPages = checkPageTable(mm);
            findings.addUnless(
                    hugetlbPages == mm.hugetlbPageCount(),
                    mm,
                    "counts "
                            + mm.hugetlbPageCount()
                            + " pages of the pool, but maps "
                            + hugetlbPages);
            findings.addUnless(
                    swapEntries == mm.rss(RssCounter.SWAP_ENTRIES),
                    mm,
                    "counts "
                            + mm.rss(RssCounter.SWAP_ENTRIES)
                            + " swap entries, but has "
                            + swapEntries);
            findings.addUnless(
                    anonymousPages == mm.anonymousPageCount(),
                    mm,
                    "counts "
                            + mm.anonymousPageCount()
                            + " anonymous pages, but maps "
                            + anonymousPages);
            filePages.endProcess(mm);
        } finally {
            mm.unlockRead();
        }
    }

    private void checkVmas(Mm mm) {
        long floor = Mm.MMAP_MIN_ADDRESS;
        for (Vma vma : mm.vmas()) {
            String where = mm + " " + vma;
            findings.addUnless(vma.mm() == mm, where, "belongs to " + vma.mm());
            findings.addUnless(vma.start() < vma.end(), where, "is empty");
            findings.addUnless(vma.start() >= floor, where, "begins below " + hex(floor));
            findings.addUnless(vma.end() <= PageSize.TASK_SIZE, where, "ends beyond the space");
            AnonVma own = vma.anonVma();
            findings.addUnless(
                    own == null || own.covers(vma), where, "its own AnonVma does not know it");
            filePages.checkVma(vma);
            hugetlb.checkVma(vma);
            checkRegistration(vma, where);
            floor = vma.end();
        }
    }

    private void checkRegistration(Vma vma, String where) {
        Userfaultfd registrant = vma.userfaultfd();
        boolean registered = (vma.flags() & VmFlags.UFFD) != 0;
        findings.addUnless(
                registered == (registrant != null),
                where,
                "its flags do not agree with who is asked about its faults");
        findings.addUnless(
                registrant == null || registrant.mm() == vma.mm() && !registrant.isClosed(),
                where,
                "faults are for somebody who is gone or not of this process");
    }

    /// @return the entries that count as anonymous pages
    private long checkPageTable(Mm mm) {
        long anonymousPages = 0;
        int leaves = 0;
        long at = mm.pageTable().nextMapped(0, END);
        while (at < END) {
            leaves++;
            long leafStart = PageSize.alignDownPmd(at);
            Vma near = mm.lookupVmaFrom(leafStart);
            findings.addUnless(
                    near != null && near.start() < leafStart + PageSize.PMD_SIZE,
                    mm + " " + hex(leafStart),
                    "a page table where nothing is mapped");
            anonymousPages += checkLeaf(mm, leafStart);
            at = mm.pageTable().nextMapped(leafStart + PageSize.PMD_SIZE, END);
        }
        findings.addUnless(
                leaves == mm.pageTable().leafCount(),
                mm,
                "counts " + mm.pageTable().leafCount() + " page tables, but has " + leaves);
        return anonymousPages;
    }

    private long checkLeaf(Mm mm, long leafStart) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(leafStart);
        assert leaf != null;
        long anonymousPages = 0;
        Vma vma = mm.lookupVmaFrom(leafStart);
        long word = leaf.pmdAcquire();
        huge = !PageTableEntry.isNone(word);
        if (huge) {
            return checkHuge(mm, vma, leafStart, word);
        }
        for (int slot = 0; slot < PageSize.ENTRIES_PER_TABLE; slot++) {
            long address = leafStart + PageSize.pageAddress(slot);
            if (vma != null && address >= vma.end()) {
                vma = mm.lookupVmaFrom(address);
            }
            long entry = leaf.entryAcquire(slot);
            if (PageTableEntry.isNone(entry)) {
                continue;
            }
            if (vma == null || address < vma.start()) {
                report(mm, address, entry, "an entry where nothing is mapped");
            } else if (checkEntry(vma, address, entry)) {
                anonymousPages++;
            }
        }
        return anonymousPages;
    }

    /// A huge mapping is checked once, as the entry of the first page.
    private long checkHuge(Mm mm, @Nullable Vma vma, long start, long word) {
        if (vma == null || start < vma.start() || start + PageSize.PMD_SIZE > vma.end()) {
            report(mm, start, word, "a huge mapping that reaches out of its VMA");
            return 0;
        }
        if (vma.isHugetlb()) {
            hugetlbPages++;
        }
        boolean zero = PageTableEntry.isSpecial(word);
        long page = PageTableEntry.page(word);
        if (!zero && folios.order(page) < PageSize.HPAGE_PMD_ORDER || folios.head(page) != page) {
            report(mm, start, word, "a huge mapping, but not of the head of a large folio");
        }
        boolean counted = checkEntry(vma, start, word) && !vma.isHugetlb();
        return counted ? PageSize.ENTRIES_PER_TABLE : 0;
    }

    /// Counts a mapping of a page, or of the folio that it is the head of.
    private void count(long page) {
        if (huge) {
            counts.addEntire(page);
        } else {
            counts.add(page);
        }
    }

    /// @return whether the entry counts as an anonymous page
    private boolean checkEntry(Vma vma, long address, long entry) {
        return switch (PageTableEntry.shape(entry)) {
            case NONE -> false;
            case PRESENT -> {
                checkPresent(vma, address, entry);
                yield !PageTableEntry.isSpecial(entry) && !isOfFile(entry);
            }
            case DEVICE_PRIVATE -> {
                checkDevicePrivate(vma, address, entry);
                yield !isOnDeviceOfFile(entry);
            }
            case MIGRATION -> {
                report(vma.mm(), address, entry, "a migration was not finished");
                yield true;
            }
            case DEVICE_EXCLUSIVE -> {
                if (Page.isDevicePrivate(PageTableEntry.page(entry))) {
                    report(vma.mm(), address, entry, "device-private, and held exclusively");
                }
                checkCounted(vma, address, entry, true);
                yield true;
            }
            case MARKER -> {
                if (!PageTableEntry.isPoison(entry) && (vma.flags() & VmFlags.MAYBE_GUARD) == 0) {
                    report(vma.mm(), address, entry, "a guard, but the VMA does not know of it");
                }
                yield false;
            }
            case SWAP -> {
                swap.add(SwapEntry.ofPageTableEntry(entry));
                swapEntries++;
                yield false;
            }
            case HWPOISON -> {
                long page = PageTableEntry.page(entry);
                // Of a device's page only its driver knows, once nobody uses it.
                if (!Page.isDevice(page)
                        && (!counts.exists(page) || !folios.hasFlag(page, FolioFlags.HWPOISON))) {
                    report(vma.mm(), address, entry, "but the memory is not broken");
                }
                yield false;
            }
        };
    }

    /// Whether a counted page is no process's own.
    private boolean isOfFile(long entry) {
        long page = PageTableEntry.page(entry);
        return counts.exists(page) && !folios.isAnonymous(page);
    }

    /// Whether a device-private page is a file's. One that nobody can find is counted as a
    /// process's own, which is what device pages are but where files may have them there.
    private boolean isOnDeviceOfFile(long entry) {
        long page = PageTableEntry.page(entry);
        return counts.exists(page) && folios.mapping(page) instanceof FileMapping;
    }

    private void checkPresent(Vma vma, long address, long entry) {
        Mm mm = vma.mm();
        long page = PageTableEntry.page(entry);
        if (Page.isDevicePrivate(page)) {
            report(mm, address, entry, "a device-private page is mapped present");
            return;
        }
        if (PageTableEntry.isProtNone(entry) == vma.isAccessible() && !isHint(entry)) {
            report(mm, address, entry, "protnone does not agree with the VMA");
        }
        if (PageTableEntry.isWritable(entry) && !vma.isWritable()) {
            report(mm, address, entry, "writable where the VMA is not");
        }
        if (PageTableEntry.isSpecial(entry)) {
            if (!machine.isZeroPage(page) || PageTableEntry.isWritable(entry)) {
                report(mm, address, entry, "a special mapping that is not the read-only zero page");
            }
            return;
        }
        if (machine.isZeroPage(page)) {
            report(mm, address, entry, "the zero page is mapped as if it were counted");
        }
        if (isOfFile(entry)) {
            count(page);
            filePages.checkMapped(vma, address, entry);
            return;
        }
        checkCounted(vma, address, entry, PageTableEntry.isWritable(entry));
        if (Page.isDevice(page) || !counts.exists(page)) {
            return;
        }
        boolean ofPool = folios.hasFlag(page, FolioFlags.HUGETLB);
        if (ofPool != vma.isHugetlb()) {
            report(mm, address, entry, "its page is of another kind than its VMA");
        }
        if (ofPool == folios.hasFlag(page, FolioFlags.LRU)) {
            report(
                    mm,
                    address,
                    entry,
                    "a mapped system page is not on the LRU, or one of the pool is");
        }
    }

    /// Whether the entry may be one that a scan for promotion left: of a page below the top tier.
    private boolean isHint(long entry) {
        long page = PageTableEntry.page(entry);
        return PageTableEntry.isProtNone(entry)
                && !Page.isDevice(page)
                && !machine.numa().isTopTier(machine.numa().node(page));
    }

    private void checkDevicePrivate(Vma vma, long address, long entry) {
        Mm mm = vma.mm();
        boolean writable = PageTableEntry.isWritableDevicePrivate(entry);
        if (!Page.isDevicePrivate(PageTableEntry.page(entry))) {
            report(mm, address, entry, "not device-private, but mapped so");
            return;
        }
        if (writable && !vma.isWritable()) {
            report(mm, address, entry, "writable where the VMA is not");
        }
        if (isOnDeviceOfFile(entry)) {
            count(PageTableEntry.page(entry));
            filePages.checkMapped(vma, address, entry);
            return;
        }
        checkCounted(vma, address, entry, writable);
    }

    private void checkCounted(Vma vma, long address, long entry, boolean writable) {
        Mm mm = vma.mm();
        long page = PageTableEntry.page(entry);
        if (!counts.exists(page)) {
            report(mm, address, entry, "names a page that does not exist");
            return;
        }
        count(page);
        int flags = folios.flags(page);
        if (writable && (flags & FolioFlags.ANON_EXCLUSIVE) == 0) {
            report(mm, address, entry, "writable, but the page is not exclusive");
        }
        if ((flags & FolioFlags.UPTODATE) == 0) {
            report(mm, address, entry, "mapped, but only " + FolioFlags.describe(flags));
        }
        checkReverseMap(vma, address, entry);
    }

    private void checkReverseMap(Vma vma, long address, long entry) {
        long page = PageTableEntry.page(entry);
        if (folios.mapping(page) instanceof StableNode merged) {
            MergedPageCheck.check(folios, page, merged, vma, address)
                    .ifPresent(broken -> report(vma.mm(), address, entry, broken));
            return;
        }
        if (!(folios.mapping(page) instanceof AnonVma anonVma)) {
            report(vma.mm(), address, entry, "the mapped page has no AnonVma");
            return;
        }
        if (anonVma != connectedAnonVma || vma != connectedVma) {
            if (!anonVma.covers(vma)) {
                report(vma.mm(), address, entry, "the reverse map does not reach this VMA");
                return;
            }
            connectedAnonVma = anonVma;
            connectedVma = vma;
        }
        long found = vma.addressOfIndex(folios.index(page));
        if (found != address) {
            report(vma.mm(), address, entry, "the reverse map leads to " + hex(found));
        }
    }

    private void report(Mm mm, long address, long entry, String broken) {
        findings.add(
                mm + " " + hex(address) + " " + PageTableEntry.describe(entry) + ": " + broken);
    }

    private static String hex(long address) {
        return String.format("%012x", address);
    }
}
