package farpage.mm.memcg;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.hugememory.HugePages;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What large folios charge, whole, in parts and in pieces.
final class LargeFolioChargeTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8 * HUGE);
    private final MemCgroups groups = machine.machine().memcgs();
    private final MemCgroup group = groups.newGroup(groups.root(), "group");
    private final TestProcess process = new TestProcess(machine.machine().newProcess(group));
    private final HugePageCounters counters = machine.machine().hugePages().counters();

    private static long pages(long count) {
        return PageSize.pageAddress(count);
    }

    @Test
    @Tag("T-10.8")
    void hugePageIsChargedAs512Pages() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        assertTrue(process.isHuge(BASE));
        assertEquals(pages(HUGE), group.usage());
        assertEquals(pages(HUGE), group.stat().anon());
        process.unmap(BASE, HUGE);
        assertEquals(0, group.usage());
    }

    @Test
    @Tag("T-10.8")
    void hugeZeroPageIsChargedToNobody() {
        process.mapHugeAt(BASE, 1);
        assertEquals(0, process.load(BASE));
        assertTrue(process.isHuge(BASE));
        assertEquals(0, group.usage());
    }

    @Test
    @Tag("T-10.8")
    void folioIsChargedUntilItsLastPageIsUnmappedAndItsPiecesOneByOne() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        process.unmap(BASE, 12);
        assertEquals(pages(HUGE), group.usage());
        assertEquals(
                Errno.OK, process.mm().madvise(page(BASE, 20), PageSize.PAGE_SIZE, Advice.COLD));
        assertEquals(pages(HUGE - 12), group.usage());
        process.unmap(page(BASE, 12), 100);
        assertEquals(pages(HUGE - 112), group.usage());
    }

    @Test
    void copyOfOnePageOfASharedFolioIsChargedAlone() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        TestProcess child = process.fork();
        child.store(page(BASE, 5), 1);
        assertEquals(pages(HUGE + 1), group.usage());
        child.mm().exit();
        assertEquals(pages(HUGE), group.usage());
    }

    @Test
    void faultAtTheLimitMakesDoWithASmallPageAndComplainsToNobody() {
        assertEquals(Errno.OK, group.setMax(pages(HUGE - 1)));
        process.mapHugeAt(BASE, 1);
        process.store(page(BASE, 3), 1);
        assertFalse(process.isHuge(BASE));
        assertEquals(pages(1), group.usage());
        assertEquals(1, counters.get(Event.FAULT_FALLBACK));
        assertEquals(1, counters.get(Event.FAULT_FALLBACK_CHARGE));
        assertEquals(0, group.events(MemCgroup.Event.OOM));
        assertEquals(1, group.events(MemCgroup.Event.MAX));
    }

    @Test
    void folioOfAnotherSizeIsChargedByItsPages() {
        machine.machine().hugePages().setEnabled(4, HugePages.Enabled.MADVISE);
        process.mapHugeAt(BASE, 1);
        process.unmap(page(BASE, HUGE - 1), 1);
        process.store(page(BASE, 17), 1);
        assertEquals(4, machine.folios().order(process.pageAt(page(BASE, 17))));
        assertEquals(pages(16), group.usage());
    }
}
