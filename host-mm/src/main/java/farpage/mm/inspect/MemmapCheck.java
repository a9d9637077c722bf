package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.file.DeviceCopies;
import farpage.mm.file.DeviceCopy;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The check of the memmap: the counts of each page against the mappings that were found, and
/// against what the allocators hold free.
final class MemmapCheck {
    /// Flags that no page has between operations.
    private static final int BUSY = FolioFlags.LOCKED | FolioFlags.WAITERS;

    /// Flags that only a page in use has.
    private static final int IN_USE =
            FolioFlags.LRU | FolioFlags.ANON_EXCLUSIVE | FolioFlags.SWAPCACHE;

    private final Machine machine;
    private final FolioTable folios;
    private final MappingCounts counts;
    private final long[] pinned;
    private final Findings findings;

    /// Pages that pipes have references to, each as often.
    private final List<Long> inPipes;

    /// Device pages that are copies of files' pages: their drivers hold them.
    private final Set<Long> copies = new HashSet<>();

    MemmapCheck(Machine machine, MappingCounts counts, long[] pinned, Findings findings) {
        this.machine = machine;
        this.folios = machine.folios();
        this.counts = counts;
        this.pinned = pinned;
        this.findings = findings;
        this.inPipes =
                machine.files().pipes().stream().flatMap(pipe -> pipe.pages().stream()).toList();
        for (FileMapping file : machine.files().files()) {
            DeviceCopies known = file.copies();
            if (known != null) {
                known.forEachIndex(index -> addCopies(known, file, index));
            }
        }
    }

    private void addCopies(DeviceCopies known, FileMapping file, long index) {
        for (DeviceCopy copy : known.of(index)) {
            copies.add(copy.devicePage());
        }
        findings.addUnless(
                file.lookupPage(index) != Page.NONE,
                "index " + index + " of a file",
                "copied by a device, but not in the page cache");
    }

    void checkSystemPages() {
        int freeFrames = 0;
        for (int pfn = 0; pfn < machine.ram().pageCount(); pfn++) {
            long page = Page.ofPfn(pfn);
            boolean free = machine.ram().isFree(page);
            freeFrames += free ? 1 : 0;
            if (!folios.isKnown(page)) {
                findings.addUnless(free, Page.describe(page), "allocated, but never initialised");
                continue;
            }
            checkCounts(page);
            if (free) {
                findings.addUnless(
                        !folios.hasFlag(page, FolioFlags.HWPOISON),
                        Page.describe(page),
                        "broken, but it may be handed out");
                checkFree(page);
                findings.addUnless(
                        !folios.hasFlag(page, FolioFlags.HUGETLB),
                        Page.describe(page),
                        "of the pool of huge pages, but it may be handed out");
            } else if (folios.refCount(page) == 0
                    && !folios.hasFlag(page, FolioFlags.HWPOISON | FolioFlags.HUGETLB)) {
                report(page, "neither free nor referenced: a leak");
            }
        }
        findings.addUnless(
                freeFrames == machine.ram().freePageCount(),
                "RAM",
                "counts "
                        + machine.ram().freePageCount()
                        + " free frames, but "
                        + freeFrames
                        + " are in a free block");
    }

    /// Each node against its own allocator.
    void checkNodes() {
        for (int node = 0; node < machine.numa().count(); node++) {
            long first = machine.ram().firstPage(node);
            int free = 0;
            for (long page = first; page < first + machine.ram().pageCount(node); page++) {
                free += machine.ram().isFree(page) ? 1 : 0;
                if (machine.numa().node(page) != node) {
                    report(page, "not on node " + node + ", where its frame is");
                }
            }
            int counted = machine.ram().freePageCount(node);
            findings.addUnless(
                    counted == free,
                    "node " + node,
                    "counts " + counted + " free frames, but " + free + " are in a free block");
        }
    }

    void checkDevicePages(DevicePagemap pagemap) {
        int live = 0;
        for (int index = 0; index < pagemap.pageCount(); index++) {
            long page = pagemap.page(index);
            if (!folios.isKnown(page)) {
                continue;
            }
            checkCounts(page);
            if (folios.hasFlag(page, FolioFlags.LRU)) {
                report(page, "a device page is on the LRU");
            }
            if (folios.refCount(page) == 0) {
                checkFree(page);
            } else if (folios.head(page) == page) {
                live += folios.pageCount(page);
            }
        }
        findings.addUnless(
                live == pagemap.livePageCount(),
                "pagemap at device pfn " + pagemap.firstDevicePfn(),
                "counts " + pagemap.livePageCount() + " pages in use, but " + live + " are");
    }

    /// What holds of every page. A reserved page is held by the machine itself.
    private void checkCounts(long page) {
        long head = folios.head(page);
        int flags = folios.flags(page);
        if ((flags & BUSY) != 0) {
            report(page, "locked at a quiet point");
        }
        int own = counts.of(page) + counts.entire(head);
        if (folios.pageMapCount(page) != own) {
            report(page, "but " + own + " entries map it");
        }
        if ((flags & FolioFlags.RESERVED) != 0) {
            return;
        }
        int pins = pinReferences(page);
        // A page that is unmapped keeps the mark until its folio is freed.
        boolean lingers = own == 0 && (pins > 0 || folios.isLarge(page));
        if ((flags & FolioFlags.ANON_EXCLUSIVE) != 0 && own != 1 && !lingers) {
            report(page, "exclusive with " + own + " mappings");
        }
        if (head == page) {
            checkFolio(page, flags);
        }
    }

    /// What holds of a folio as a whole.
    private void checkFolio(long page, int flags) {
        int mappings = counts.entire(page);
        int pins = 0;
        for (int i = 0; i < folios.pageCount(page); i++) {
            mappings += counts.of(page + i);
            pins += pinReferences(page + i);
        }
        if (folios.mapCount(page) != mappings) {
            report(page, "but " + mappings + " entries map its folio");
        }
        if ((flags & FolioFlags.PARTIALLY_MAPPED) != 0
                && (!folios.isLarge(page) || Page.isDevice(page))) {
            report(page, "waits to be split, and can not be");
        }
        int inSwap = (flags & FolioFlags.SWAPCACHE) != 0 ? 1 : 0;
        int cached = isCached(page) ? folios.pageCount(page) : inSwap;
        boolean held = (flags & FolioFlags.HWPOISON) != 0 && machine.memoryFailure().isHeld(page);
        int drivers = (held ? 1 : 0) + (copies.contains(page) ? 1 : 0);
        int piped = inPipes.isEmpty() ? 0 : pipedReferences(page);
        int references = mappings + cached + drivers + pins + piped;
        if (folios.refCount(page) != references) {
            report(page, "but " + references + " references are accounted for");
        }
    }

    private int pipedReferences(long head) {
        int references = 0;
        for (long one : inPipes) {
            references += folios.head(one) == head ? 1 : 0;
        }
        return references;
    }

    private int pinReferences(long page) {
        int perPin = folios.isLarge(page) ? 1 : FolioTable.PIN_BIAS;
        int references = 0;
        for (long one : pinned) {
            references += one == page ? perPin : 0;
        }
        return references;
    }

    /// Whether the folio is a file's, which then has a reference to each page of it.
    private boolean isCached(long page) {
        return folios.mapping(page) instanceof FileMapping file
                && file.lookupPage(folios.index(page)) == page;
    }

    private void checkFree(long page) {
        if (folios.refCount(page) != 0) {
            report(page, "free, but referenced");
        }
        if (folios.hasFlag(page, IN_USE)) {
            report(page, "free, but its flags say that it is in use");
        }
        if (folios.mapping(page) != null) {
            report(page, "free, but it still has a mapping");
        }
    }

    private void report(long page, String broken) {
        findings.add(FolioDump.line(machine, page) + ": " + broken);
    }
}
