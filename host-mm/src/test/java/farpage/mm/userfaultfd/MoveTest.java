package farpage.mm.userfaultfd;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.notifier.MmuNotifierRange.Event;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Missing pages that are taken from elsewhere in the process, or declared broken.
final class MoveTest {
    private static final int PAGES = 4;
    private static final long BYTES = PageSize.pageAddress(PAGES);
    private static final long PAGE = PageSize.PAGE_SIZE;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long target = process.mapAt(0x1000_0000L, PAGES);
    private final long source = process.mapAt(0x2000_0000L, PAGES);
    private final Userfaultfd uffd = Userfaultfd.open(process.mm());

    @BeforeEach
    void register() {
        assertEquals(Errno.OK, uffd.register(target, BYTES, UffdModes.REGISTER_MISSING));
        process.store(source, 7);
    }

    private UffdResult move(int pageCount, int mode) {
        return uffd.move(target, source, PageSize.pageAddress(pageCount), mode);
    }

    private static UffdResult refused(Errno errno) {
        return new UffdResult(errno, 0);
    }

    private static UffdResult moved(int pageCount) {
        return new UffdResult(Errno.OK, PageSize.pageAddress(pageCount));
    }

    @Test
    void pageMovesToWhoWaitsForIt() {
        TestProcess other = new TestProcess(process.mm());
        Agent<Integer> load = Agent.start(() -> other.load(target));
        load.awaitWaiting();
        long page = process.pageAt(source);
        try (EventLog mirror = new EventLog(process.mm())) {
            assertEquals(moved(1), move(1, 0));
            assertEquals(List.of(Event.CLEAR), mirror.takeEvents());
        }
        assertEquals(7, load.finish());
        assertEquals(page, process.pageAt(target));
        assertEquals(Shape.NONE, process.shape(source));
        machine.check();
        assertEquals(1, device.pull(process, target, 1), "the reverse map finds it");
        assertEquals(7, process.load(target));
    }

    @Test
    void holesAreLeftOutWhereThatIsAllowed() {
        process.store(page(source, 2), 9);
        assertEquals(new UffdResult(Errno.EAGAIN, PAGE), move(PAGES, 0));
        assertEquals(Shape.NONE, process.shape(source));
        process.store(source, 8);
        assertEquals(refused(Errno.EEXIST), move(1, 0));
        long rest = BYTES - PAGE;
        UffdResult result =
                uffd.move(page(target, 1), page(source, 1), rest, UffdModes.MOVE_ALLOW_SRC_HOLES);
        assertEquals(new UffdResult(Errno.OK, rest), result);
        assertEquals(9, process.load(page(target, 2)));
        assertEquals(Shape.NONE, process.shape(page(target, 1)));
        assertEquals(refused(Errno.ENOENT), uffd.move(page(target, 1), page(source, 1), PAGE, 0));
    }

    @Test
    void zeroPageMovesToo() {
        assertEquals(0, process.load(page(source, 1)));
        assertEquals(moved(1), uffd.move(target, page(source, 1), PAGE, 0));
        assertEquals(0, process.load(target));
        process.store(target, 3);
    }

    @Test
    void pageOnADeviceDoesNotMove() {
        assertEquals(1, device.pull(process, source, 1));
        assertEquals(refused(Errno.EFAULT), move(1, 0));
        assertEquals(7, process.load(source));
    }

    @Test
    void pageInMigrationIsWaitedFor() {
        Agent<UffdResult> move =
                process.withVma(
                        source,
                        vma -> {
                            MigrateVma migrate =
                                    TestDevice.setup(device.toDevice(1), vma, source, 1);
                            Agent<UffdResult> waiting = Agent.start(() -> move(1, 0));
                            waiting.awaitWaiting();
                            TestDevice.complete(migrate);
                            return waiting;
                        });
        assertEquals(moved(1), move.finish());
        assertEquals(7, process.load(target));
    }

    @Test
    void pageThatOthersHaveDoesNotMove() {
        TestProcess child = process.fork();
        assertEquals(refused(Errno.EBUSY), move(1, 0));
        assertEquals(7, child.load(source));
        child.mm().exit();
        process.store(source, 8);
        long[] pinned = new long[1];
        assertEquals(1, GetUserPages.pinFast(process.mm(), source, 1, 0, pinned).count());
        assertEquals(refused(Errno.EBUSY), move(1, 0));
        GetUserPages.unpin(machine.machine(), pinned, 1, false);
        assertEquals(moved(1), move(1, 0));
    }

    @Test
    void mappingsMustAgree() {
        assertEquals(refused(Errno.EINVAL), uffd.move(source, target, PAGE, 0), "not registered");
        assertEquals(refused(Errno.EINVAL), move(PAGES + 1, 0));
        assertEquals(refused(Errno.EINVAL), move(1, 4));
        assertEquals(refused(Errno.ENOENT), uffd.move(target, 0x3000_0000L, PAGE, 0));
        process.protect(source, PAGES, VmFlags.READ);
        assertEquals(refused(Errno.EINVAL), move(1, 0));
        process.protect(target, PAGES, VmFlags.READ);
        assertEquals(refused(Errno.EINVAL), move(1, 0), "not writable");
    }

    @Test
    void poisonedPlaceIsBrokenMemory() {
        TestProcess other = new TestProcess(process.mm());
        Agent<FaultResult> load = Agent.start(() -> other.tryLoad(target));
        load.awaitWaiting();
        assertEquals(moved(1), uffd.poison(target, PAGE, 0));
        assertEquals(FaultResult.HWPOISON, load.finish());
        assertEquals(refused(Errno.EEXIST), uffd.poison(target, PAGE, 0));
        assertEquals(refused(Errno.EINVAL), uffd.poison(target, PAGE, 2));
        machine.check();
    }
}
