package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.hugetlb.HugetlbPool;
import farpage.mm.hugetlb.HugetlbReservation;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/// The check of the pool of huge pages: what it counts against the memmap and the mappings.
final class HugetlbCheck {
    private final Machine machine;
    private final Findings findings;

    /// What the mappings that were seen have reserved; parts of one mapping share it.
    private final Set<HugetlbReservation> reservations =
            Collections.newSetFromMap(new IdentityHashMap<>());

    HugetlbCheck(Machine machine, Findings findings) {
        this.machine = machine;
        this.findings = findings;
    }

    void checkVma(Vma vma) {
        HugetlbReservation reservation = vma.hugetlbReservation();
        findings.addUnless(
                reservation == null || vma.isHugetlb(),
                vma,
                "has huge pages reserved that it can not map");
        if (reservation != null) {
            reservations.add(reservation);
        }
        long misplaced = (vma.start() | vma.end()) & PageSize.PMD_SIZE - 1;
        findings.addUnless(
                !vma.isHugetlb() || misplaced == 0, vma, "of huge pages, but cut between them");
    }

    /// After all VMAs.
    void checkPool() {
        HugetlbPool pool = machine.hugetlb();
        FolioTable folios = machine.folios();
        int pages = 0;
        int free = 0;
        for (int pfn = 0;
                pfn + PageSize.ENTRIES_PER_TABLE <= machine.ram().pageCount();
                pfn += PageSize.ENTRIES_PER_TABLE) {
            long page = Page.ofPfn(pfn);
            if (folios.isKnown(page) && folios.hasFlag(page, FolioFlags.HUGETLB)) {
                pages++;
                free += folios.refCount(page) == 0 ? 1 : 0;
            }
        }
        expect(pages, pool.pageCount(), "pages");
        expect(free, pool.freeCount(), "free pages");
        int reserved = reservations.stream().mapToInt(HugetlbReservation::count).sum();
        expect(reserved, pool.reservedCount(), "reserved pages");
        findings.addUnless(free >= reserved, "the pool", "fewer pages are free than are reserved");
    }

    private void expect(int found, int counted, String what) {
        findings.addUnless(
                found == counted,
                "the pool of huge pages",
                "counts " + counted + " " + what + ", but there are " + found);
    }
}
