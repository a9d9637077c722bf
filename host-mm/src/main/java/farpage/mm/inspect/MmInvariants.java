package farpage.mm.inspect;

import farpage.mm.Check;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.MemoryType;
import java.util.List;

/// Checks everything that holds between operations: what the page tables say against what the
/// memmap counts, and both against the allocators.
///
/// It is for quiet points only. In the middle of a migration pages are locked, and references are
/// held that no mapping explains; that is what it would report.
///
/// @kernel mm/debug_vm_pgtable.c, mm/page_alloc.c: check_new_pages, page_expected_state
public final class MmInvariants {
    private MmInvariants() {}

    /// What does not hold, one line each; empty if all is well. The list is cut after the first
    /// hundred.
    ///
    /// The caller holds no lock.
    public static List<String> violations(Machine machine) {
        return violations(machine, new long[0]);
    }

    /// As [#violations(Machine)], while pages are pinned.
    ///
    /// @param pinned the pages, each as often as it is pinned
    public static List<String> violations(Machine machine, long[] pinned) {
        Findings findings = new Findings();
        MappingCounts counts = new MappingCounts(machine);
        SwapCheck swap = new SwapCheck(machine, findings);
        MappingCheck mappings = new MappingCheck(machine, counts, swap, findings);
        for (Mm mm : machine.processes()) {
            mappings.check(mm);
        }
        mappings.filePages().checkFiles();
        mappings.hugetlb().checkPool();
        swap.check();
        MemmapCheck memmap = new MemmapCheck(machine, counts, pinned, findings);
        memmap.checkSystemPages();
        NumberSpaceCheck numbers = new NumberSpaceCheck(machine, findings);
        numbers.checkSystem();
        if (!machine.numa().isSingle()) {
            memmap.checkNodes();
        }
        for (DevicePagemap pagemap : machine.pagemaps()) {
            if (pagemap.type() != MemoryType.PCI_P2PDMA) { // whose pages no entry maps
                numbers.check(pagemap);
                memmap.checkDevicePages(pagemap);
            }
        }
        return findings.lines();
    }

    /// Ends the program with all findings unless there are none.
    public static void assertHold(Machine machine) {
        List<String> violations = violations(machine);
        if (!violations.isEmpty()) {
            throw Check.broken(
                    violations.size() + " invariants broken:\n" + String.join("\n", violations));
        }
    }
}
