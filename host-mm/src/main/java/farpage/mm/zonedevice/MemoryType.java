package farpage.mm.zonedevice;

/// The kinds of device memory, with the kernel's codes. Those that a driver of device memory needs
/// can be registered: `PRIVATE`, `COHERENT`, and `PCI_P2PDMA` for a second page of the same memory.
///
/// @kernel include/linux/memremap.h: enum memory_type
public enum MemoryType {
    PRIVATE(1),
    COHERENT(2),
    FS_DAX(3),
    GENERIC(4),
    PCI_P2PDMA(5);

    private final int code;

    MemoryType(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
