package farpage.mm.mempolicy;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.Agent;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Calls that ask where pages are, or want them elsewhere.
final class MempolicyTest {
    private static final int ENOENT = -Errno.ENOENT.number();
    private static final int EFAULT = -Errno.EFAULT.number();

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(6);

    /// A page in RAM, one on the device, one in swap, one that broke, the zero page, and a hole.
    private void mapEveryShape() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(16)));
        process.storeRow(address, 4, 1);
        device.pull(process, page(address, 1), 1);
        process.mm().madvise(page(address, 2), PageSize.PAGE_SIZE, Advice.PAGEOUT);
        process.mm().madvise(page(address, 3), PageSize.PAGE_SIZE, Advice.HWPOISON);
        assertEquals(0, process.load(page(address, 4)));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 1)));
        assertEquals(Shape.SWAP, process.shape(page(address, 2)));
        assertEquals(Shape.HWPOISON, process.shape(page(address, 3)));
    }

    private long[] addresses(int count) {
        long[] addresses = new long[count];
        for (int i = 0; i < count; i++) {
            addresses[i] = page(address, i) + 8;
        }
        return addresses;
    }

    private Errno bind(int pageCount, MempolicyMode mode, long nodes, int flags) {
        return Mbind.call(
                process.mm(), address, PageSize.pageAddress(pageCount), mode, nodes, flags);
    }

    @Test
    void pagesOfDevicesAreOnNoNode() {
        mapEveryShape();
        int[] status = new int[7];
        long[] asked = addresses(7);
        asked[6] = 0x1000;
        assertEquals(Errno.OK, MovePages.query(process.mm(), asked, status));
        int[] expected = {0, ENOENT, ENOENT, ENOENT, EFAULT, ENOENT, EFAULT};
        assertArrayEquals(expected, status);
        int[] moved = new int[7];
        assertEquals(
                Errno.OK,
                MovePages.move(process.mm(), asked, new int[7], MempolicyFlags.MOVE, moved));
        assertArrayEquals(expected, moved);
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 1)), "nothing moved");
        assertEquals(Shape.SWAP, process.shape(page(address, 2)));
    }

    @Test
    void movingEndsAtANodeThatDoesNotExist() {
        process.storeRow(address, 3, 1);
        int[] status = {9, 9, 9};
        int[] nodes = {0, 1, 0};
        assertEquals(Errno.ENODEV, MovePages.move(process.mm(), addresses(3), nodes, 0, status));
        assertArrayEquals(new int[] {0, 9, 9}, status);
        assertEquals(
                Errno.EINVAL,
                MovePages.move(process.mm(), addresses(3), nodes, MempolicyFlags.STRICT, status));
    }

    @Test
    void bindingPassesOverPagesOfDevices() {
        mapEveryShape();
        int flags = MempolicyFlags.STRICT | MempolicyFlags.MOVE;
        assertEquals(Errno.OK, bind(6, MempolicyMode.BIND, 1, flags));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 1)));
        assertEquals(2, process.load(page(address, 1)));
    }

    @Test
    void bindingStrictlyFailsWhereAPageIsInMigration() {
        process.store(address, 1);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    assertEquals(
                            Errno.EIO,
                            Agent.start(() -> bind(1, MempolicyMode.BIND, 1, MempolicyFlags.STRICT))
                                    .finish());
                    migrate.pages();
                    migrate.finish();
                    return null;
                });
        assertEquals(Errno.OK, bind(1, MempolicyMode.BIND, 1, MempolicyFlags.STRICT));
    }

    @Test
    void argumentsThatDoNotFitTogetherAreRefused() {
        assertEquals(Errno.EINVAL, bind(6, MempolicyMode.BIND, 0, 0));
        assertEquals(Errno.EINVAL, bind(6, MempolicyMode.BIND, 2, 0));
        assertEquals(Errno.EINVAL, bind(6, MempolicyMode.LOCAL, 1, 0));
        assertEquals(Errno.EINVAL, bind(6, MempolicyMode.DEFAULT, 1, 0));
        assertEquals(Errno.EINVAL, bind(6, MempolicyMode.BIND, 1, 64));
        assertEquals(Errno.OK, bind(6, MempolicyMode.PREFERRED, 0, 0));
        assertEquals(Errno.OK, bind(0, MempolicyMode.BIND, 0, 0));
        assertEquals(Errno.EFAULT, bind(7, MempolicyMode.INTERLEAVE, 1, 0));
        assertEquals(
                Errno.EINVAL,
                Mbind.call(process.mm(), address + 1, 4096, MempolicyMode.BIND, 1, 0));
    }
}
