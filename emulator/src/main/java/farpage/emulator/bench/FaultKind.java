package farpage.emulator.bench;

import farpage.emulator.experiment.Direction;

/// Who touches memory that is on the other side.
///
/// @kernel mm/memory.c: do_swap_page; lib/test_hmm.c: dmirror_migrate_to_device
public enum FaultKind {
    /// The CPU touches a page on the device: from the load until it has its byte.
    CPU("cpu", Direction.TO_SYSTEM),

    /// The device touches a page of the system: from the fault's arrival at the driver until the
    /// device's page table names a page of the device with the contents.
    DEVICE("device", Direction.TO_DEVICE);

    private final String label;
    private final Direction direction;

    FaultKind(String label, Direction direction) {
        this.label = label;
        this.direction = direction;
    }

    /// Its name in reports.
    public String label() {
        return label;
    }

    /// Where the page goes.
    Direction direction() {
        return direction;
    }
}
