package farpage.mm.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// The memmap of one section: the state of 32,768 pages.
///
/// What counts and what is marked of a page is one word, so that a migration locks a page, takes it
/// off the LRU and gives up its exclusivity in one step, and unlocks and frees it in another. Words
/// of both kinds of section have the flags lowest; how wide the counts are differs. Counts and
/// flags change atomically at any time. Mapping and index, the *place* of the page, change under
/// the folio lock or before the page is visible.
///
/// @kernel include/linux/mmzone.h: struct mem_section; include/linux/mm_types.h: struct folio
abstract class FolioSection {
    static final int SHIFT = 15;
    static final int PAGES = 1 << SHIFT;

    static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle SWAP_ENTRIES;
    private static final VarHandle MEMCGS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            SWAP_ENTRIES = lookup.findVarHandle(FolioSection.class, "swapEntries", long[].class);
            MEMCGS = lookup.findVarHandle(FolioSection.class, "memcgs", char[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// The words of all pages, `1 << wordsShift` for each.
    final long[] words;

    private final int wordsShift;
    private final int flagsMask;
    private final PackedCount references;
    private final PackedCount mappings;
    private final int mappingsWord;

    /// The swap entries of folios in the swap cache; made when the first one is stored.
    private long @Nullable [] swapEntries;

    /// The memory cgroup that each page is charged to, by number; made when the first is stored.
    private char @Nullable [] memcgs;

    /// @param wordsShift the logarithm of the words that a page has
    /// @param flagsMask the flags that pages of this section may have
    /// @param references where the reference count lies in the first word
    /// @param mappings where the map count lies
    /// @param mappingsWord in which of the page's words
    FolioSection(
            int wordsShift,
            int flagsMask,
            PackedCount references,
            PackedCount mappings,
            int mappingsWord) {
        this.words = new long[PAGES << wordsShift];
        this.wordsShift = wordsShift;
        this.flagsMask = flagsMask;
        this.references = references;
        this.mappings = mappings;
        this.mappingsWord = mappingsWord;
    }

    final int at(int page) {
        return page << wordsShift;
    }

    final long word(int page) {
        return (long) LONGS.getAcquire(words, page << wordsShift);
    }

    final boolean casWord(int page, long expected, long next) {
        return LONGS.compareAndSet(words, page << wordsShift, expected, next);
    }

    // References.

    final int referencesAcquire(int page) {
        return references.get(words, page << wordsShift, page);
    }

    final int getAndAddReferences(int page, int delta) {
        return references.getAndAdd(words, page << wordsShift, page, delta);
    }

    /// Takes a reference to the folio that begins at a page, if that is in use and of the given
    /// order.
    final boolean tryGet(int head, int order) {
        return references.tryIncrement(
                words, at(head), head, FolioFlags.LARGE, FolioFlags.ofOrder(order));
    }

    final boolean casReferences(int page, int expected, int next) {
        return references.compareAndSet(words, page << wordsShift, page, expected, next);
    }

    // Mappings.

    final int mappingsAcquire(int page) {
        return mappings.get(words, at(page) + mappingsWord, page);
    }

    final int getAndAddMappings(int page, int delta) {
        return mappings.getAndAdd(words, at(page) + mappingsWord, page, delta);
    }

    // Flags.

    final int flagsAcquire(int page) {
        return (int) word(page) & flagsMask;
    }

    final int getAndSetFlags(int page, int set) {
        assert (set & ~flagsMask) == 0 : "a page of this kind has no such flag";
        return (int) (long) LONGS.getAndBitwiseOr(words, at(page), (long) set) & flagsMask;
    }

    final int getAndClearFlags(int page, int clear) {
        long kept = ~Integer.toUnsignedLong(clear & flagsMask);
        return (int) (long) LONGS.getAndBitwiseAnd(words, at(page), kept) & flagsMask;
    }

    final boolean casFlags(int page, int expected, int next) {
        assert (next & ~flagsMask) == 0 : "a page of this kind has no such flag";
        long word;
        do {
            word = word(page);
            if (((int) word & flagsMask) != expected) {
                return false;
            }
        } while (!casWord(page, word, withFlags(word, next)));
        return true;
    }

    private long withFlags(long word, int flags) {
        return word & ~(long) flagsMask | flags;
    }

    final void setFlags(int page, int flags) {
        long word;
        do {
            word = word(page);
        } while (!casWord(page, word, withFlags(word, flags)));
    }

    /// Stores one value in the flags of the pages `[from, to)`, which nobody else looks at before
    /// the head of their folio is published.
    final void fillFlags(int from, int to, int value) {
        for (int page = from; page < to; page++) {
            words[at(page)] = withFlags(words[at(page)], value);
        }
        VarHandle.releaseFence();
    }

    /// Gives a free page flags and one reference, and no place.
    final void begin(int page, int flags) {
        assert (flags & ~flagsMask) == 0 : "a page of this kind has no such flag";
        beginAll(page, page + 1, flags, null);
    }

    /// The same for the free pages `[from, to)`, and stores what the driver keeps for them.
    abstract void beginAll(int from, int to, int flags, @Nullable Object data);

    // What a migration does in one step.

    /// Locks a small folio and gives up its exclusivity.
    ///
    /// @return the flags as they were, or -1 if the folio is locked
    final int tryLockTakingExclusive(int page, int setFlags) {
        long set = FolioFlags.LOCKED | setFlags;
        long kept = ~(long) FolioFlags.ANON_EXCLUSIVE;
        long word;
        do {
            word = word(page);
            if ((word & FolioFlags.LOCKED) != 0) {
                return -1;
            }
        } while (!casWord(page, word, word & kept | set));
        return (int) word & flagsMask;
    }

    /// Locks a small folio that one process has for itself, takes its only mapping away and leaves
    /// it the reference of that, all at once.
    ///
    /// @return the flags as they were; -1, and nothing changed, if it is locked, or not exclusive,
    ///   or has more references than that one
    abstract int tryTakeExclusive(int page, int setFlags);

    /// Whether a small folio has exactly one reference.
    abstract boolean hasOneReference(int page);

    /// Gives a locked small folio that is not mapped its place, flags and first mapping, and
    /// unlocks it.
    ///
    /// @return the flags as they were
    abstract int publish(int page, @Nullable Object mapping, long index, int setFlags);

    /// Gives a locked page the place and the flags of another.
    abstract void adopt(int page, @Nullable Object mapping, long index, int flags);

    /// Drops the lock and the last reference of a small folio that is not mapped, and forgets what
    /// it was used for.
    ///
    /// @return the flags as they were; -1, and nothing changed, if there are more references, or
    ///   the page is broken
    abstract int tryUnlockAndFree(int page);

    // The place.

    /// Reads where the place of a page is kept, beside its word.
    ///
    /// @return nothing that means anything
    abstract long touchPlace(int page);

    abstract @Nullable Object mapping(int page);

    abstract long index(int page);

    /// Whether a page has this place.
    abstract boolean isAt(int page, Object mapping, long index);

    /// Index first, so that whoever sees the mapping sees the index.
    abstract void setPlace(int page, @Nullable Object mapping, long index);

    /// The driver's private pointer.
    abstract @Nullable Object zoneDeviceData(int page);

    abstract void setZoneDeviceData(int page, @Nullable Object value);

    // What few pages have.

    final long swapEntry(int page) {
        long[] entries = swapEntries;
        return entries == null ? 0 : entries[page];
    }

    final void setSwapEntry(int page, long entry) {
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

    final int memcg(int page) {
        char[] numbers = memcgs;
        return numbers == null ? 0 : numbers[page];
    }

    final void setMemcg(int page, int number) {
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
