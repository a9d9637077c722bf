package farpage.mm.memory;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The windows of one section, by number. They are made as they are needed. When all are taken, the
/// section's words are searched for windows that no page uses any more, and those get another use.
///
/// While that search goes on the windows are *closing*: they may be read, but who has just stored
/// one in a page's word asks [#isSettled] afterwards, and if not chooses again. So either the
/// search sees the word or the one who stored it sees the search.
///
/// @kernel None: the kernel keeps the place of each page by itself
final class PlaceWindows {
    /// The place of a page that has none.
    static final int NONE = 0;

    /// What stands for a place that is not in a window.
    static final int SPILLED = 31;

    /// How many places are spilled before the next search.
    private static final int PATIENCE = FolioSection.PAGES / 8;

    private final FolioSection section;
    private final RankedLock lock = new RankedLock(LockRank.MEMMAP_COUNTS);

    /// Nothing at [#NONE] and [#SPILLED].
    private final @Nullable PlaceWindow[] windows = new PlaceWindow[SPILLED + 1];

    private volatile boolean closing;

    /// One more than the highest number in use.
    private int end = 1;

    /// Places that may still be spilled before the next search.
    private int patience;

    /// Where the last one was found: a hint.
    private int recent;

    PlaceWindows(FolioSection section) {
        this.section = section;
    }

    /// The window of a number that a page's word has; null where that stands for none, and while it
    /// is about to be given another.
    @Nullable PlaceWindow lookup(int number) {
        return windows[number];
    }

    /// Whether what was just stored in a page's word still means what it should.
    boolean isSettled(int number, @Nullable Object mapping, long stretch, @Nullable Object data) {
        if (number == NONE || number == SPILLED) {
            return true;
        }
        boolean settled = !closing;
        PlaceWindow window = windows[number];
        return settled && window != null && window.is(mapping, stretch, data);
    }

    /// The number of a window, which is made if need be; [#SPILLED] if there is none left.
    int find(@Nullable Object mapping, long stretch, @Nullable Object data) {
        if (mapping == null && data == null && stretch == 0) {
            return NONE;
        }
        int hint = recent;
        PlaceWindow hinted = windows[hint];
        if (hinted != null && hinted.is(mapping, stretch, data)) {
            return hint;
        }
        int number = search(mapping, stretch, data);
        if (number == NONE || closing) {
            number = findOrMake(mapping, stretch, data);
        }
        if (number != SPILLED) {
            recent = number;
        }
        return number;
    }

    private int search(@Nullable Object mapping, long stretch, @Nullable Object data) {
        for (int number = 1; number < end; number++) {
            PlaceWindow window = windows[number];
            if (window != null && window.is(mapping, stretch, data)) {
                return number;
            }
        }
        return NONE;
    }

    private int findOrMake(@Nullable Object mapping, long stretch, @Nullable Object data) {
        lock.lock();
        try {
            int number = search(mapping, stretch, data);
            if (number != NONE) {
                return number;
            }
            number = vacantLocked();
            if (number == NONE && patience-- <= 0) {
                closeUnusedLocked();
                patience = PATIENCE;
                number = vacantLocked();
            }
            if (number == NONE) {
                return SPILLED;
            }
            windows[number] = new PlaceWindow(mapping, stretch, data);
            end = Math.max(end, number + 1);
            return number;
        } finally {
            lock.unlock();
        }
    }

    private int vacantLocked() {
        for (int number = 1; number < SPILLED; number++) {
            if (windows[number] == null) {
                return number;
            }
        }
        return NONE;
    }

    private void closeUnusedLocked() {
        closing = true;
        int used = 0;
        for (int page = 0; page < FolioSection.PAGES; page++) {
            used |= 1 << PrivateSection.windowOf(section.word(page));
        }
        for (int number = 1; number < SPILLED; number++) {
            if ((used & 1 << number) == 0) {
                windows[number] = null;
            }
        }
        closing = false;
    }

    /// Makes something that the section has but once.
    <T> T makeOnce(Supplier<T> maker) {
        lock.lock();
        try {
            return maker.get();
        } finally {
            lock.unlock();
        }
    }
}
