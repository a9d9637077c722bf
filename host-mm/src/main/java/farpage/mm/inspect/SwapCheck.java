package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.swap.SwapEntry;
import java.util.HashMap;
import java.util.Map;

/// The check of the swap areas: the entries counted for each slot against those that were found in
/// page tables, and the swap cache against the memmap.
final class SwapCheck {
    private final Machine machine;
    private final Findings findings;
    private final Map<Long, Integer> found = new HashMap<>();

    SwapCheck(Machine machine, Findings findings) {
        this.machine = machine;
        this.findings = findings;
    }

    /// A swap entry was found in a page table.
    void add(long entry) {
        found.merge(entry, 1, Integer::sum);
    }

    /// To be called when every page table was looked at.
    void check() {
        long entry = machine.swap().nextUsed(SwapEntry.NONE);
        while (entry != SwapEntry.NONE) {
            Integer entries = found.remove(entry);
            int expected = entries == null ? 0 : entries;
            findings.addUnless(
                    machine.swap().entryCount(entry) == expected,
                    SwapEntry.describe(entry),
                    "counts " + machine.swap().entryCount(entry) + " entries, but has " + expected);
            checkCached(entry);
            entry = machine.swap().nextUsed(entry);
        }
        for (long lost : found.keySet()) {
            findings.add(SwapEntry.describe(lost) + ": free, but a page table entry names it");
        }
    }

    private void checkCached(long entry) {
        long page = machine.swap().getCached(entry);
        if (page == Page.NONE) {
            return;
        }
        FolioTable folios = machine.folios();
        findings.addUnless(
                folios.hasFlag(page, FolioFlags.SWAPCACHE) && folios.swapEntry(page) == entry,
                FolioDump.line(machine, page),
                "stands for " + SwapEntry.describe(entry) + " and does not know");
        machine.put(page);
    }
}
