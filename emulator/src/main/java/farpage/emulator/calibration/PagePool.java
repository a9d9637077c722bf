package farpage.emulator.calibration;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// Places of pages, taken in a shuffled order that begins again when it is through. So a page that
/// was taken is not taken again until all others were, in runs of the same length.
///
/// @kernel None: a measurement's choice of pages
final class PagePool {
    private final int pageCount;
    private final SplittableRandom random;
    private final Map<Integer, Order> orders = new HashMap<>();

    /// @param pageCount a multiple of all run lengths that are asked for
    PagePool(int pageCount, SplittableRandom random) {
        this.pageCount = pageCount;
        this.random = random;
    }

    private static final class Order {
        private final int[] firstPages;
        private int next;

        Order(int[] firstPages) {
            this.firstPages = firstPages;
        }

        private int take() {
            next = next == firstPages.length ? 0 : next;
            return firstPages[next++];
        }
    }

    /// Takes a run.
    ///
    /// @return its first page
    int take(int runPages) {
        return orders.computeIfAbsent(runPages, this::shuffled).take();
    }

    private Order shuffled(int runPages) {
        int[] firstPages = new int[pageCount / runPages];
        for (int i = 0; i < firstPages.length; i++) {
            int j = random.nextInt(i + 1);
            firstPages[i] = firstPages[j];
            firstPages[j] = i * runPages;
        }
        return new Order(firstPages);
    }
}
