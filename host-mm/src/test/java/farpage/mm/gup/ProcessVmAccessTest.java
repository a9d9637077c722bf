package farpage.mm.gup;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// One process that looks into the memory of another.
final class ProcessVmAccessTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(4);

    private long read(long at, byte[] to) {
        return ProcessVmAccess.read(process.mm(), at, MemorySegment.ofArray(to));
    }

    private long write(long at, byte[] from) {
        return ProcessVmAccess.write(process.mm(), at, MemorySegment.ofArray(from));
    }

    @Test
    void pageOnADeviceComesBackToBeRead() {
        process.storeRow(address, 2, 1);
        device.pull(process, address, 2);
        byte[] bytes = new byte[4];
        assertEquals(4, read(page(address, 1) - 2, bytes));
        assertArrayEquals(new byte[] {1, 1, 2, 2}, bytes);
        assertEquals(Shape.PRESENT, process.shape(address));
        assertEquals(2, device.ramCalls());
        assertEquals(1, machine.folios().refCount(process.pageAt(address)), "nothing is held");
    }

    @Test
    void pageOnADeviceComesBackToBeWritten() {
        process.storeRow(address, 2, 1);
        TestProcess child = process.fork();
        device.pull(process, address, 2);
        assertEquals(3, write(address + 5, new byte[] {7, 8, 9}));
        byte[] bytes = new byte[4];
        assertEquals(4, read(address + 4, bytes));
        assertArrayEquals(new byte[] {1, 7, 8, 9}, bytes);
        assertEquals(1, child.load(address), "the store was to a copy");
    }

    @Test
    void copyEndsWhereTheProcessItselfCouldNotGo() {
        process.storeRow(address, 2, 1);
        process.protect(page(address, 1), 1, VmFlags.READ);
        assertEquals(PageSize.PAGE_SIZE, write(address, new byte[PageSize.PAGE_SIZE + 9]));
        assertEquals(-Errno.EFAULT.number(), write(page(address, 1), new byte[9]));
        assertEquals(
                Errno.OK,
                process.mm().madvise(page(address, 1), PageSize.PAGE_SIZE, Advice.HWPOISON));
        assertEquals(-Errno.EFAULT.number(), read(page(address, 1), new byte[9]));
        assertEquals(-Errno.EFAULT.number(), read(0x1000, new byte[9]));
        assertEquals(0, read(address, new byte[0]));
    }
}
