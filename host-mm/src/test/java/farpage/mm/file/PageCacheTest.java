package farpage.mm.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import farpage.mm.testing.TestMachine;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The tree of a file's pages against a map that is plainly right.
final class PageCacheTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final PageCache pages = new PageCache(machine.machine());

    private long add(long index) {
        long page = machine.machine().allocateFolio(0);
        assertTrue(pages.add(index, page));
        machine.machine().put(page);
        return page;
    }

    private void remove(long index, long page) {
        pages.remove(index, page);
        machine.machine().put(page);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 12, 30, 48})
    void treeHoldsWhatWasPutIn(int indexBits) {
        Random random = new Random(indexBits);
        TreeMap<Long, Long> expected = new TreeMap<>();
        long limit = 1L << indexBits;
        for (int step = 0; step < 2000; step++) {
            long index = random.nextLong(limit);
            Long key = expected.ceilingKey(index);
            if (random.nextBoolean() && expected.size() < 200) {
                if (!expected.containsKey(index)) {
                    expected.put(index, add(index));
                }
            } else if (key != null) {
                Long page = expected.remove(key);
                assert page != null;
                remove(key, page);
            }
            assertEquals(expected.size(), pages.pageCount());
            Long next = expected.ceilingKey(index);
            assertEquals(next == null ? limit : next, pages.next(index, limit));
        }
        for (Map.Entry<Long, Long> entry : expected.entrySet()) {
            assertEquals(entry.getValue(), pages.lookup(entry.getKey()));
        }
        expected.forEach(this::remove);
        assertEquals(limit, pages.next(0, limit));
    }

    @Test
    void placeThatIsTakenIsKept() {
        long page = add(7);
        long other = machine.machine().allocateFolio(0);
        assertFalse(pages.add(7, other));
        machine.machine().put(other);
        assertEquals(page, pages.lookup(7));
        remove(7, page);
    }

    @Test
    void foundPageHasAReferenceForTheFinder() {
        long page = add(3);
        assertEquals(page, pages.get(3));
        assertEquals(2, machine.folios().refCount(page));
        remove(3, page);
        assertEquals(Page.NONE, pages.get(3));
        machine.machine().put(page);
    }

    @Test
    void pageIsReplacedOnlyIfNobodyElseHoldsIt() {
        long from = add(1);
        long to = machine.machine().allocateFolio(0);
        machine.folios().get(from);
        assertFalse(pages.replace(1, from, to, 1, () -> {}));
        assertTrue(pages.replace(1, from, to, 2, () -> {}));
        assertEquals(to, pages.lookup(1));
        assertEquals(1, machine.folios().refCount(from));
        assertEquals(2, machine.folios().refCount(to));
        machine.machine().put(from);
        machine.machine().put(to);
        remove(1, to);
    }
}
