package farpage.mm.zonedevice;

/// The kinds of device memory, with the kernel's codes. `PRIVATE` and `COHERENT` can be registered.
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
