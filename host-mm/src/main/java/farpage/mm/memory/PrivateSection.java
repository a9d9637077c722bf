package farpage.mm.memory;

import org.jspecify.annotations.Nullable;

/// A section of device-private pages: eight bytes a page.
///
/// ```
///  63    59 58          39 38        30 29      21 20         0
/// | window | offset (20)  | references | mappings | flags       |
/// ```
///
/// The place of a page is a *window*, which says the mapping, the 4 GiB of it and the driver's
/// data, and an offset in that. Pages of one process on one device share very few windows. Where a
/// section needs more than there are, the place of a page is *spilled* to arrays beside.
///
/// Flags that only pages of the system can have have no room here.
///
/// @kernel include/linux/mm_types.h: struct page of ZONE_DEVICE
final class PrivateSection extends FolioSection {
    private static final int MAPPINGS_SHIFT = 21;
    private static final int COUNT_BITS = 9;
    private static final int REFERENCES_SHIFT = MAPPINGS_SHIFT + COUNT_BITS;
    private static final int OFFSET_SHIFT = REFERENCES_SHIFT + COUNT_BITS;
    private static final int WINDOW_SHIFT = 59;
    private static final int OFFSET_BITS = WINDOW_SHIFT - OFFSET_SHIFT;
    private static final long OFFSET_MASK = (1L << OFFSET_BITS) - 1;
    private static final long REFERENCES_MASK = ((1L << COUNT_BITS) - 1) << REFERENCES_SHIFT;
    private static final long STATE_MASK = (1L << OFFSET_SHIFT) - 1;

    private final PlaceWindows windows = new PlaceWindows(this);
    private volatile @Nullable SpilledPlaces spilled;

    PrivateSection() {
        super(
                0,
                FolioFlags.DEVICE,
                new PackedCount(REFERENCES_SHIFT, COUNT_BITS),
                new PackedCount(MAPPINGS_SHIFT, COUNT_BITS),
                0);
    }

    static int windowOf(long word) {
        return (int) (word >>> WINDOW_SHIFT);
    }

    @Override
    long touchPlace(int page) {
        return 0;
    }

    @Override
    @Nullable Object mapping(int page) {
        while (true) {
            long word = word(page);
            int number = windowOf(word);
            if (number == PlaceWindows.NONE) {
                return null;
            }
            if (number == PlaceWindows.SPILLED) {
                return spilled().mapping(page);
            }
            PlaceWindow window = windows.lookup(number);
            // Unless the page is given another place at this moment, and the window another use.
            if (window != null && windowOf(word(page)) == number) {
                return window.mapping();
            }
            Thread.onSpinWait();
        }
    }

    @Override
    long index(int page) {
        while (true) {
            long word = word(page);
            int number = windowOf(word);
            if (number == PlaceWindows.NONE) {
                return 0;
            }
            if (number == PlaceWindows.SPILLED) {
                return spilled().index(page);
            }
            PlaceWindow window = windows.lookup(number);
            if (window != null && windowOf(word(page)) == number) {
                return window.stretch() << OFFSET_BITS | word >>> OFFSET_SHIFT & OFFSET_MASK;
            }
            Thread.onSpinWait();
        }
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // a mapping is known by identity
    boolean isAt(int page, Object mapping, long index) {
        long word = word(page);
        PlaceWindow window = windows.lookup(windowOf(word));
        if (window != null && word(page) == word) {
            return window.mapping() == mapping
                    && window.stretch() == index >>> OFFSET_BITS
                    && (word >>> OFFSET_SHIFT & OFFSET_MASK) == (index & OFFSET_MASK);
        }
        return mapping(page) == mapping && index(page) == index; // in no window, or changing
    }

    @Override
    @Nullable Object zoneDeviceData(int page) {
        while (true) {
            int number = windowOf(word(page));
            if (number == PlaceWindows.NONE) {
                return null;
            }
            if (number == PlaceWindows.SPILLED) {
                return spilled().data(page);
            }
            PlaceWindow window = windows.lookup(number);
            if (window != null && windowOf(word(page)) == number) {
                return window.data();
            }
            Thread.onSpinWait();
        }
    }

    @Override
    void setPlace(int page, @Nullable Object mapping, long index) {
        setPlace(page, mapping, index, zoneDeviceData(page), 0);
    }

    @Override
    void setZoneDeviceData(int page, @Nullable Object value) {
        setPlace(page, mapping(page), index(page), value, 0);
    }

    @Override
    void adopt(int page, @Nullable Object mapping, long index, int flags) {
        setPlace(page, mapping, index, zoneDeviceData(page), flags);
    }

    private void setPlace(
            int page, @Nullable Object mapping, long index, @Nullable Object data, int flags) {
        while (true) {
            int number = windows.find(mapping, index >>> OFFSET_BITS, data);
            if (number == PlaceWindows.SPILLED) {
                spilledOrNew().set(page, mapping, index, data);
            }
            long place = place(number, index);
            long word;
            do {
                word = word(page);
            } while (!casWord(page, word, word & STATE_MASK | flags | place));
            if (windows.isSettled(number, mapping, index >>> OFFSET_BITS, data)) {
                return;
            }
        }
    }

    private static long place(int window, long index) {
        return (long) window << WINDOW_SHIFT
                | (window == PlaceWindows.NONE ? 0 : (index & OFFSET_MASK) << OFFSET_SHIFT);
    }

    @Override
    int tryUnlockAndFree(int page) {
        long ones = STATE_MASK & -(1L << MAPPINGS_SHIFT);
        long word;
        do {
            word = word(page);
            if ((word & (ones | FolioFlags.HWPOISON)) != 1L << REFERENCES_SHIFT) {
                return -1;
            }
        } while (!casWord(page, word, 0));
        return (int) word & FolioFlags.DEVICE;
    }

    @Override
    void beginAll(int from, int to, int flags, @Nullable Object data) {
        int number;
        do {
            number = windows.find(null, 0, data);
            long fresh = 1L << REFERENCES_SHIFT | flags | place(number, 0);
            for (int page = from; page < to; page++) {
                assert referencesAcquire(page) == 0 : "a page in use";
                if (number == PlaceWindows.SPILLED) {
                    spilledOrNew().set(page, null, 0, data);
                }
                LONGS.setRelease(words, page, fresh);
            }
        } while (!windows.isSettled(number, null, 0, data));
    }

    @Override
    int tryTakeExclusive(int page, int setFlags) {
        long one = 1L << MAPPINGS_SHIFT;
        long ones = STATE_MASK & -(1L << MAPPINGS_SHIFT);
        long word;
        do {
            word = word(page);
            if ((word & (FolioFlags.LOCKED | FolioFlags.LARGE | FolioFlags.ANON_EXCLUSIVE))
                            != FolioFlags.ANON_EXCLUSIVE
                    || (word & ones) != (one | 1L << REFERENCES_SHIFT)) {
                return -1;
            }
        } while (!casWord(
                page,
                word,
                (word | FolioFlags.LOCKED | setFlags) & ~FolioFlags.ANON_EXCLUSIVE ^ one));
        return (int) word & FolioFlags.DEVICE;
    }

    @Override
    boolean hasOneReference(int page) {
        return (word(page) & REFERENCES_MASK) == 1L << REFERENCES_SHIFT;
    }

    @Override
    int publish(int page, @Nullable Object mapping, long index, int setFlags) {
        Object data = zoneDeviceData(page);
        long stretch = index >>> OFFSET_BITS;
        int number = windows.find(mapping, stretch, data);
        if (number == PlaceWindows.SPILLED) {
            spilledOrNew().set(page, mapping, index, data);
        }
        long next = place(number, index) | setFlags | 1L << MAPPINGS_SHIFT;
        long kept = STATE_MASK & ~(FolioFlags.LOCKED | FolioFlags.WAITERS);
        long word;
        do {
            word = word(page);
        } while (!casWord(page, word, word & kept | next));
        if (!windows.isSettled(number, mapping, stretch, data)) {
            setPlace(page, mapping, index, data, 0);
        }
        return (int) word & FolioFlags.DEVICE;
    }

    private SpilledPlaces spilled() {
        SpilledPlaces present = spilled;
        assert present != null;
        return present;
    }

    private SpilledPlaces spilledOrNew() {
        SpilledPlaces present = spilled;
        if (present == null) {
            present = windows.makeOnce(this::makeSpilled);
        }
        return present;
    }

    private SpilledPlaces makeSpilled() {
        SpilledPlaces present = spilled;
        if (present == null) {
            present = new SpilledPlaces();
            spilled = present;
        }
        return present;
    }
}
