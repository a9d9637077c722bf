package farpage.mm.ksm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Same-page merging of pages that belong to large folios.
final class KsmLargeFolioTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8 * HUGE);
    private final FolioTable folios = machine.folios();
    private final TestProcess process = machine.newProcess();
    private final Ksm ksm = machine.machine().ksm();
    private long folio;

    /// 2 MiB without two equal pages.
    @BeforeEach
    void mapHuge() {
        process.mapHugeAt(BASE, 2);
        for (int i = 0; i < HUGE; i++) {
            byte[] number = new byte[Integer.BYTES];
            MemorySegment.ofArray(number).set(ValueLayout.JAVA_INT_UNALIGNED, 0, 1000 + i);
            var _ = process.cpu().write(page(BASE, i), MemorySegment.ofArray(number));
        }
        folio = process.pageAt(BASE);
        assertTrue(process.isHuge(BASE));
        assertEquals(Errno.OK, process.mm().madvise(BASE, 2 * PageSize.PMD_SIZE, Advice.MERGEABLE));
    }

    private boolean isMerged(long address) {
        return folios.hasFlag(process.pageAt(address), FolioFlags.KSM);
    }

    private void scan() {
        ksm.scanFullPasses(4);
        machine.check();
    }

    @Test
    void folioWithoutAnEqualPageStaysHuge() {
        scan();
        assertTrue(process.isHuge(BASE));
        assertEquals(0, ksm.statistics().pagesShared());
    }

    @Test
    void pageThatHasAnEqualElsewhereIsSplitFromItsFolio() {
        long small = process.mapAt(0x10000000L, 1);
        assertEquals(Errno.OK, process.mm().madvise(small, PageSize.PAGE_SIZE, Advice.MERGEABLE));
        process.store(page(BASE, 7), 42);
        process.store(small, 42);
        scan();
        assertFalse(process.isHuge(BASE));
        assertEquals(0, folios.order(folio));
        assertEquals(process.pageAt(small), process.pageAt(page(BASE, 7)));
        assertTrue(isMerged(small));
        assertFalse(isMerged(page(BASE, 8)));
        assertEquals(folio + 8, process.pageAt(page(BASE, 8)));
        process.store(small, 1);
        assertEquals(42, process.load(page(BASE, 7)));
    }

    @Test
    void twoEqualPagesOfOneFolioAreMergedOnceItIsSplit() {
        process.store(page(BASE, 7), 42);
        process.store(page(BASE, 300), 42);
        scan();
        assertEquals(0, folios.order(folio));
        assertEquals(process.pageAt(page(BASE, 300)), process.pageAt(page(BASE, 7)));
        assertTrue(isMerged(page(BASE, 7)));
        assertEquals(42, process.load(page(BASE, 300)));
    }

    @Test
    void pagesOfTwoFoliosAreMerged() {
        long other = BASE + PageSize.PMD_SIZE;
        process.storeHuge(other);
        process.store(page(BASE, 7), 55);
        scan();
        assertFalse(process.isHuge(BASE));
        assertFalse(process.isHuge(other));
        assertEquals(process.pageAt(page(other, 54)), process.pageAt(page(BASE, 7)));
        process.assertHuge(other);
        assertEquals(55, process.load(page(BASE, 7)));
    }

    @Test
    void childsMappingOfASharedFolioIsNoReasonToSplitIt() {
        TestProcess child = process.fork();
        scan();
        assertTrue(process.isHuge(BASE));
        assertTrue(child.isHuge(BASE));
    }
}
