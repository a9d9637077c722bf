package farpage.emulator.mirror;

import farpage.mm.Page;

/// One entry of a device's page table.
///
/// ```
///  63    62    61     60   59   51 50                    0
/// | VALID WRITE ATOMIC PEER | zero | page word             |
/// ```
///
/// @kernel lib/test_hmm.c: DPT_XA_TAG_WRITE, DPT_XA_TAG_ATOMIC
public final class DevicePte {
    /// The device has no page there.
    public static final long NONE = 0;

    private static final long VALID = 1L << 63;
    private static final long WRITE = 1L << 62;
    private static final long ATOMIC = 1L << 61;
    private static final long PEER = 1L << 60;
    private static final long PAGE_MASK = (1L << Page.BITS) - 1;

    private DevicePte() {}

    /// An entry for a system page, or for a page of the device itself.
    public static long of(long page, boolean writable) {
        assert (page & ~PAGE_MASK) == 0 : page;
        return VALID | (writable ? WRITE : 0) | page;
    }

    /// The entry for a page of another device, by the page that its memory is reached by.
    public static long ofPeer(long page, boolean writable) {
        assert Page.isDevice(page);
        return of(page, writable) | PEER;
    }

    /// The entry with the mark that the device alone may use the page for now.
    public static long withAtomic(long entry) {
        assert isPresent(entry);
        return entry | ATOMIC;
    }

    /// The entry for the page that is so many after the one of an entry, with the same rights.
    static long following(long entry, int distance) {
        assert isPresent(entry);
        assert (page(entry) + distance & ~PAGE_MASK) == 0 : page(entry);
        return entry + distance;
    }

    public static boolean isPresent(long entry) {
        return entry != NONE;
    }

    /// Present, and the device may store.
    public static boolean isWritable(long entry) {
        return (entry & WRITE) != 0;
    }

    public static boolean isAtomic(long entry) {
        return (entry & ATOMIC) != 0;
    }

    /// Another device's memory, used where it lies.
    public static boolean isPeer(long entry) {
        return (entry & PEER) != 0;
    }

    /// Present, and the device's own page, or one of another device's that a CPU can reach too.
    public static boolean isOnDevice(long entry) {
        return isPresent(entry) && !isPeer(entry) && Page.isDevice(page(entry));
    }

    public static long page(long entry) {
        assert isPresent(entry);
        return entry & PAGE_MASK;
    }

    public static String describe(long entry) {
        if (!isPresent(entry)) {
            return "none";
        }
        return Page.describe(page(entry))
                + (isWritable(entry) ? " write" : " read")
                + (isAtomic(entry) ? " atomic" : "")
                + (isPeer(entry) ? " peer" : "");
    }
}
