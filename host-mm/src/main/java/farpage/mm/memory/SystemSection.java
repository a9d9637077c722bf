package farpage.mm.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// A section of pages that CPUs reach: system memory, and device memory of the coherent kind.
///
/// ```
///        63    62                 32 31  27 26                    0
/// first | zero | references (31)    | zero | flags                 |
///        63                       12 11                           0
/// next  | index (52)                | mappings (12)                |
/// ```
///
/// @kernel include/linux/mm_types.h: struct folio
final class SystemSection extends FolioSection {
    private static final VarHandle OBJECTS = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final VarHandle ZONE_DEVICE_DATA;

    static {
        try {
            ZONE_DEVICE_DATA =
                    MethodHandles.lookup()
                            .findVarHandle(SystemSection.class, "zoneDeviceData", Object[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int REFERENCES_SHIFT = 32;
    private static final int INDEX_SHIFT = 12;
    private static final long MAPPINGS_MASK = (1L << INDEX_SHIFT) - 1;

    /// What a migration takes away with the mapping.
    private static final long TAKEN = FolioFlags.ANON_EXCLUSIVE | FolioFlags.LRU;

    private final @Nullable Object[] mapping = new Object[PAGES];

    /// Made when a driver first stores something.
    private @Nullable Object @Nullable [] zoneDeviceData;

    SystemSection() {
        super(
                1,
                FolioFlags.ALL,
                new PackedCount(REFERENCES_SHIFT, Integer.SIZE - 1),
                new PackedCount(0, INDEX_SHIFT),
                1);
    }

    @Override
    long touchPlace(int page) {
        return mapping(page) == null ? 0 : 1;
    }

    @Override
    @Nullable Object mapping(int page) {
        return OBJECTS.getAcquire(mapping, page);
    }

    @Override
    long index(int page) {
        return (long) LONGS.getOpaque(words, at(page) + 1) >>> INDEX_SHIFT;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // a mapping is known by identity
    boolean isAt(int page, Object expected, long index) {
        return index(page) == index && mapping(page) == expected;
    }

    @Override
    void setPlace(int page, @Nullable Object newMapping, long index) {
        int at = at(page) + 1;
        long word = (long) LONGS.getAcquire(words, at);
        while (!LONGS.compareAndSet(words, at, word, word & MAPPINGS_MASK | index << INDEX_SHIFT)) {
            word = (long) LONGS.getAcquire(words, at);
        }
        OBJECTS.setRelease(mapping, page, newMapping);
    }

    @Override
    void adopt(int page, @Nullable Object newMapping, long index, int flags) {
        assert mappingsAcquire(page) == 0;
        LONGS.setRelease(words, at(page) + 1, index << INDEX_SHIFT);
        OBJECTS.setRelease(mapping, page, newMapping);
        getAndSetFlags(page, flags);
    }

    @Override
    int tryUnlockAndFree(int page) {
        long word;
        do {
            word = word(page);
            if (word >>> REFERENCES_SHIFT != 1 || (word & FolioFlags.HWPOISON) != 0) {
                return -1;
            }
        } while (!casWord(page, word, 0));
        assert mappingsAcquire(page) == 0 : "a mapped page";
        words[at(page) + 1] = 0;
        OBJECTS.setRelease(mapping, page, null);
        return (int) word & FolioFlags.ALL;
    }

    @Override
    void beginAll(int from, int to, int flags, @Nullable Object data) {
        for (int page = from; page < to; page++) {
            assert referencesAcquire(page) == 0 : "a page in use";
            assert mappingsAcquire(page) == 0 : "a mapped page";
            words[at(page) + 1] = 0;
            if (mapping[page] != null) {
                OBJECTS.setRelease(mapping, page, null);
            }
            if (data != null) {
                setZoneDeviceData(page, data);
            }
            LONGS.setRelease(words, at(page), 1L << REFERENCES_SHIFT | flags);
        }
    }

    @Override
    int tryTakeExclusive(int page, int setFlags) {
        long word;
        do {
            word = word(page);
            if ((word & (FolioFlags.LOCKED | FolioFlags.LARGE | TAKEN)) != TAKEN
                    || word >>> REFERENCES_SHIFT != 1) {
                return -1;
            }
        } while (!casWord(page, word, (word | FolioFlags.LOCKED | setFlags) & ~TAKEN));
        // Nobody else maps what is exclusive, and nobody else moves what is locked.
        int at = at(page) + 1;
        assert (words[at] & MAPPINGS_MASK) == 1;
        LONGS.setRelease(words, at, words[at] & ~MAPPINGS_MASK);
        return (int) word & FolioFlags.ALL;
    }

    @Override
    boolean hasOneReference(int page) {
        return word(page) >>> REFERENCES_SHIFT == 1;
    }

    @Override
    int publish(int page, @Nullable Object newMapping, long index, int setFlags) {
        LONGS.setRelease(words, at(page) + 1, index << INDEX_SHIFT | 1);
        OBJECTS.setRelease(mapping, page, newMapping);
        long cleared = FolioFlags.LOCKED | FolioFlags.WAITERS;
        long word;
        do {
            word = word(page);
        } while (!casWord(page, word, (word | setFlags) & ~cleared));
        return (int) word & FolioFlags.ALL;
    }

    @Override
    @Nullable Object zoneDeviceData(int page) {
        @Nullable Object[] data = zoneDeviceData;
        return data == null ? null : data[page];
    }

    @Override
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
}
