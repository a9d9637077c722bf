package farpage.mm.memcg;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A count of pages with a limit, and above it the counters of the groups around: what is charged
/// to one is charged to all of them, or to none.
///
/// @kernel mm/page_counter.c
final class PageCounter {
    static final long UNLIMITED = Long.MAX_VALUE;

    private final @Nullable PageCounter parent;
    private final MemCgroup group;
    private final AtomicLong usage = new AtomicLong();
    private final AtomicLong watermark = new AtomicLong();
    private volatile long max = UNLIMITED;

    PageCounter(MemCgroup group, @Nullable PageCounter parent) {
        this.group = group;
        this.parent = parent;
    }

    /// Charges pages here and further up.
    ///
    /// @return null, or the group whose limit forbids it; nothing is charged then
    @Nullable MemCgroup tryCharge(long pages) {
        for (PageCounter at = this; at != null; at = at.parent) {
            long now = at.usage.addAndGet(pages);
            if (now > at.max) {
                at.usage.addAndGet(-pages);
                for (PageCounter below = this; below != at; below = below.parentOf()) {
                    below.usage.addAndGet(-pages);
                }
                return at.group;
            }
            if (now > at.watermark.getAcquire()) {
                at.watermark.accumulateAndGet(now, Math::max);
            }
        }
        return null;
    }

    private PageCounter parentOf() {
        PageCounter above = parent;
        assert above != null;
        return above;
    }

    void uncharge(long pages) {
        for (PageCounter at = this; at != null; at = at.parent) {
            long now = at.usage.addAndGet(-pages);
            assert now >= 0 : at.group + " was uncharged too much";
        }
    }

    long usage() {
        return usage.get();
    }

    /// The most that was ever charged.
    long watermark() {
        return watermark.get();
    }

    long max() {
        return max;
    }

    void setMax(long pages) {
        max = pages;
    }
}
