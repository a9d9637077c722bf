package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Mm;
import java.util.Locale;

/// A view of a process, or of the machine, as a file in `/proc` or `/sys` shows it.
///
/// @kernel fs/proc/task_mmu.c, mm/vmstat.c, mm/ksm.c, mm/huge_memory.c
public enum View {
    MAPS,
    SMAPS,
    PAGEMAP,
    STATUS,
    VMSTAT,
    KSM,
    THP;

    /// Its name for people.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Whether it shows one process; the others show the machine.
    public boolean isOfProcess() {
        return this != VMSTAT && this != KSM && this != THP;
    }

    /// The view's lines. The caller holds no lock.
    public String text(Machine machine, Mm mm) {
        return switch (this) {
            case MAPS -> MapsDump.text(mm);
            case SMAPS -> SmapsDump.text(mm);
            case PAGEMAP -> PagemapDump.text(mm);
            case STATUS -> StatusDump.text(mm);
            case VMSTAT -> VmStatDump.text(machine);
            case KSM -> machine.ksm().statistics().text();
            case THP -> HugePagesDump.text(machine);
        };
    }
}
