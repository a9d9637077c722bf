package farpage.mm.hmm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.KernelDefect;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What huge mappings give a driver.
final class HmmHugeTest {
    private static final long ADDRESS = 1L << 30;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;

    @RegisterExtension final TestMachine machine = new TestMachine(2048);
    private final TestDevice device = machine.newDevice(PAGES);
    private final TestProcess process = machine.newProcess();
    private final EventLog mirror = new EventLog(process.mm());
    private final long[] words = new long[PAGES];

    @BeforeEach
    void mapHuge() {
        device.useOrders(FolioOrders.PMD);
        process.mapHugeAt(ADDRESS, 1);
    }

    /// As one of the owner of the device.
    private Errno fill(Object owner, int firstPage, int pageCount, long flags) {
        process.mm().lockRead();
        try {
            long start = page(ADDRESS, firstPage);
            return HmmRangeFault.fill(
                    new HmmRange(
                            process.mm(),
                            mirror.notifier(),
                            mirror.notifier().readBegin(),
                            start,
                            page(start, pageCount),
                            words,
                            flags,
                            0,
                            owner));
        } finally {
            process.mm().unlockRead();
        }
    }

    @Test
    @Tag("T-4.8")
    void orderIsThatOfTheMappingAndNotOfTheFolio() {
        process.storeHuge(ADDRESS);
        assertEquals(Errno.OK, fill(device, 3, 2, 0));
        assertEquals(ORDER, HmmPfn.order(words[0]), "also of a part of the range");
        assertEquals(process.pageAt(page(ADDRESS, 4)), HmmPfn.page(words[1]));
        process.protect(page(ADDRESS, 100), 1, VmFlags.READ);
        assertEquals(ORDER, machine.folios().order(process.pageAt(ADDRESS)));
        assertEquals(Errno.OK, fill(device, 3, 2, 0));
        assertEquals(0, HmmPfn.order(words[0]));
    }

    @Test
    @Tag("T-4.8")
    void ownDeviceFolioIsGivenPageByPageFromWhereverTheRangeBegins() {
        process.storeHuge(ADDRESS);
        device.pull(process, ADDRESS, PAGES);
        assertEquals(Errno.OK, fill(device, 32, 32, HmmPfn.REQ_FAULT));
        for (int i = 0; i < 32; i++) {
            assertEquals(process.pageAt(page(ADDRESS, 32 + i)), HmmPfn.page(words[i]));
            assertEquals(ORDER, HmmPfn.order(words[i]));
            assertTrue(HmmPfn.isWritable(words[i]));
        }
        assertEquals(0, device.ramCalls());
    }

    @Test
    void linux70GivesTheFirstPagesWhereverTheRangeBegins() {
        machine.machine().setKernelDefects(Set.of(KernelDefect.HMM_DEVICE_PMD_WITHOUT_OFFSET));
        process.storeHuge(ADDRESS);
        device.pull(process, ADDRESS, PAGES);
        assertEquals(Errno.OK, fill(device, 32, 32, 0));
        for (int i = 0; i < 32; i++) {
            assertEquals(process.pageAt(page(ADDRESS, i)), HmmPfn.page(words[i]));
        }
    }

    @Test
    void folioOfAnotherDeviceIsAnErrorToLookAtAndComesBackOnDemand() {
        process.storeHuge(ADDRESS);
        device.pull(process, ADDRESS, PAGES);
        assertEquals(Errno.OK, fill(this, 7, 1, 0));
        assertTrue(HmmPfn.isError(words[0]));
        Errno errno = Errno.EBUSY;
        for (int attempt = 0; attempt < 10 && errno == Errno.EBUSY; attempt++) {
            errno = fill(this, 7, 1, HmmPfn.REQ_FAULT);
        }
        assertEquals(Errno.OK, errno);
        assertEquals(1, device.ramCalls());
        assertTrue(process.isHuge(ADDRESS));
        assertEquals(ORDER, HmmPfn.order(words[0]));
    }

    @Test
    void firstTouchOfADeviceMakesAHugePage() {
        Errno errno = Errno.EBUSY;
        for (int attempt = 0; attempt < 10 && errno == Errno.EBUSY; attempt++) {
            errno = fill(device, 9, 1, HmmPfn.REQ_FAULT | HmmPfn.REQ_WRITE);
        }
        assertEquals(Errno.OK, errno);
        assertTrue(process.isHuge(ADDRESS));
        assertTrue(HmmPfn.isWritable(words[0]));
        assertEquals(ORDER, HmmPfn.order(words[0]));
    }

    @Test
    void hugeZeroPageIsReadableOnly() {
        process.load(ADDRESS);
        assertEquals(Errno.OK, fill(device, 0, 1, HmmPfn.REQ_FAULT));
        assertTrue(HmmPfn.isValid(words[0]));
        assertFalse(HmmPfn.isWritable(words[0]));
        assertEquals(ORDER, HmmPfn.order(words[0]));
    }
}
