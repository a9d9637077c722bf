package farpage.mm;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.file.OpenFile;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.Agent;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// What `mincore` says of pages, wherever they are.
final class MincoreTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(8);
    @TempDir Path folder = Path.of("");

    private byte[] ask(long at, int pageCount) {
        byte[] answer = new byte[pageCount];
        assertEquals(Errno.OK, process.mm().mincore(at, PageSize.pageAddress(pageCount), answer));
        return answer;
    }

    private void advise(int index, Advice advice) {
        assertEquals(
                Errno.OK, process.mm().madvise(page(address, index), PageSize.PAGE_SIZE, advice));
    }

    @Test
    void pagesOnADeviceAndPagesForADeviceAloneAreHere() {
        process.storeRow(address, 4, 1);
        device.pull(process, page(address, 1), 1);
        process.mm().lockRead();
        if (DeviceExclusive.make(process.mm(), page(address, 2), null)
                instanceof DeviceExclusive.Answer.Taken(long page)) {
            DeviceExclusive.release(machine.machine(), page);
        }
        process.mm().unlockRead();
        advise(3, Advice.HWPOISON);
        advise(4, Advice.GUARD_INSTALL);
        assertEquals(0, process.load(page(address, 5)));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 1)));
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(page(address, 2)));
        assertArrayEquals(new byte[] {1, 1, 1, 1, 0, 1, 0, 0}, ask(address, 8));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 1)), "asking moves nothing");
    }

    @Test
    void pageInMigrationIsHere() {
        process.store(address, 1);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    assertEquals(Shape.MIGRATION, process.shape(address));
                    assertArrayEquals(
                            new byte[] {1, 0}, Agent.start(() -> ask(address, 2)).finish());
                    return TestDevice.complete(migrate);
                });
    }

    @Test
    void pageInSwapIsHereOnceItWasRead() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(16)));
        process.storeRow(address, 2, 1);
        advise(0, Advice.PAGEOUT);
        assertArrayEquals(new byte[] {0, 1}, ask(address, 2));
        advise(0, Advice.WILLNEED);
        assertEquals(Shape.SWAP, process.shape(address));
        assertArrayEquals(new byte[] {1, 1}, ask(address, 2));
    }

    @Test
    void pageOfAFileIsHereWhenTheFileHasItThoughNobodyMapsIt() throws IOException {
        Path path = Files.write(folder.resolve("file"), new byte[3 * PageSize.PAGE_SIZE]);
        try (OpenFile file = machine.machine().files().open(path, true)) {
            long at = process.mapFile(file, 0, 4, READ_WRITE);
            assertArrayEquals(new byte[4], ask(at, 4));
            assertEquals(
                    Errno.OK, process.mm().madvise(at, PageSize.pageAddress(2), Advice.WILLNEED));
            assertEquals(Shape.NONE, process.shape(at));
            assertArrayEquals(new byte[] {1, 1, 0, 0}, ask(at, 4));
            assertEquals(
                    Errno.OK, process.mm().madvise(at, PageSize.pageAddress(4), Advice.WILLNEED));
            assertArrayEquals(new byte[] {1, 1, 1, 0}, ask(at, 4), "there is no fourth page");
        }
    }

    @Test
    void holeEndsTheAnswer() {
        process.store(address, 1);
        process.unmap(page(address, 4), 2);
        byte[] answer = new byte[8];
        assertEquals(Errno.ENOMEM, process.mm().mincore(address, PageSize.pageAddress(8), answer));
        assertEquals(1, answer[0]);
        assertEquals(Errno.EINVAL, process.mm().mincore(address + 1, 4096, answer));
        assertEquals(Errno.ENOMEM, process.mm().mincore(address, Long.MAX_VALUE, answer));
        assertEquals(
                Errno.EFAULT, process.mm().mincore(address, PageSize.pageAddress(4), new byte[3]));
        assertEquals(Errno.OK, process.mm().mincore(address, 0, new byte[0]));
    }
}
