package farpage.mm.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The memmap of one section: the state of 32,768 pages as parallel arrays, one entry a page.
///
/// Reference count, map count and flags change atomically at any time. Mapping and index change
/// under the folio lock or before the page is visible.
///
/// @kernel include/linux/mmzone.h: struct mem_section; include/linux/mm_types.h: struct folio
final class FolioSection {
    static final int SHIFT = 15;
    static final int PAGES = 1 << SHIFT;

    private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);
    private static final VarHandle OBJECTS = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final VarHandle ZONE_DEVICE_DATA;
    private static final VarHandle SWAP_ENTRIES;
    private static final VarHandle MEMCGS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            ZONE_DEVICE_DATA =
                    lookup.findVarHandle(FolioSection.class, "zoneDeviceData", Object[].class);
            SWAP_ENTRIES = lookup.findVarHandle(FolioSection.class, "swapEntries", long[].class);
            MEMCGS = lookup.findVarHandle(FolioSection.class, "memcgs", char[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int[] references = new int[PAGES];
    private final int[] mappings = new int[PAGES];
    private final int[] flags = new int[PAGES];
    private final @Nullable Object[] mapping = new Object[PAGES];
    private final long[] index = new long[PAGES];

    /// The swap entries of folios in the swap cache; made when the first one is stored.
    private long @Nullable [] swapEntries;

    /// The memory cgroup that each page is charged to, by number; made when the first is stored.
    private char @Nullable [] memcgs;

    /// The driver's private pointer; made when a driver first stores one.
    private @Nullable Object @Nullable [] zoneDeviceData;

    int referencesAcquire(int page) {
        return (int) INTS.getAcquire(references, page);
    }

    int getAndAddReferences(int page, int delta) {
        return (int) INTS.getAndAdd(references, page, delta);
    }

    boolean casReferences(int page, int expected, int next) {
        return INTS.compareAndSet(references, page, expected, next);
    }

    void setReferencesRelease(int page, int value) {
        INTS.setRelease(references, page, value);
    }

    int mappingsAcquire(int page) {
        return (int) INTS.getAcquire(mappings, page);
    }

    int getAndAddMappings(int page, int delta) {
        return (int) INTS.getAndAdd(mappings, page, delta);
    }

    void setMappingsRelease(int page, int value) {
        INTS.setRelease(mappings, page, value);
    }

    int flagsAcquire(int page) {
        return (int) INTS.getAcquire(flags, page);
    }

    int getAndSetFlags(int page, int set) {
        return (int) INTS.getAndBitwiseOr(flags, page, set);
    }

    int getAndClearFlags(int page, int clear) {
        return (int) INTS.getAndBitwiseAnd(flags, page, ~clear);
    }

    boolean casFlags(int page, int expected, int next) {
        return INTS.compareAndSet(flags, page, expected, next);
    }

    void setFlagsRelease(int page, int value) {
        INTS.setRelease(flags, page, value);
    }

    /// Stores one value in the words of the pages `[from, to)`, which nobody else looks at before
    /// the head of their folio is published.
    void fillFlags(int from, int to, int value) {
        Arrays.fill(flags, from, to, value);
        VarHandle.releaseFence();
    }

    @Nullable Object mappingAcquire(int page) {
        return OBJECTS.getAcquire(mapping, page);
    }

    void setMappingRelease(int page, @Nullable Object value) {
        OBJECTS.setRelease(mapping, page, value);
    }

    long index(int page) {
        return index[page];
    }

    void setIndex(int page, long value) {
        index[page] = value;
    }

    @Nullable Object zoneDeviceData(int page) {
        @Nullable Object[] data = zoneDeviceData;
        return data == null ? null : data[page];
    }

    void setZoneDeviceData(int page, @Nullable Object value) {
        @Nullable Object[] data = zoneDeviceData;
        if (data == null) {
            if (value == null) {
                return;
            }
            data = zoneDeviceDataOrNew();
        }
        data[page] = value;
    }

    /// Of several drivers that come first at once, one makes the array.
    private @Nullable Object[] zoneDeviceDataOrNew() {
        @Nullable Object[] fresh = new Object[PAGES];
        @Nullable Object[] present =
                (@Nullable Object[]) ZONE_DEVICE_DATA.compareAndExchange(this, null, fresh);
        return present == null ? fresh : present;
    }

    long swapEntry(int page) {
        long[] entries = swapEntries;
        return entries == null ? 0 : entries[page];
    }

    void setSwapEntry(int page, long entry) {
        long[] entries = swapEntries;
        if (entries == null) {
            entries = swapEntriesOrNew();
        }
        entries[page] = entry;
    }

    private long[] swapEntriesOrNew() {
        long[] fresh = new long[PAGES];
        long[] present = (long[]) SWAP_ENTRIES.compareAndExchange(this, null, fresh);
        return present == null ? fresh : present;
    }

    int memcg(int page) {
        char[] numbers = memcgs;
        return numbers == null ? 0 : numbers[page];
    }

    void setMemcg(int page, int number) {
        char[] numbers = memcgs;
        if (numbers == null) {
            if (number == 0) {
                return;
            }
            numbers = memcgsOrNew();
        }
        numbers[page] = (char) number;
    }

    private char[] memcgsOrNew() {
        char[] fresh = new char[PAGES];
        char[] present = (char[]) MEMCGS.compareAndExchange(this, null, fresh);
        return present == null ? fresh : present;
    }
}
