package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.memoryfailure.Recovery;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Memory of a device that breaks, where its driver takes it from its users: of device-private and
/// of device-coherent memory.
abstract class DeviceFailureContract extends EmulatorScene {
    private static final int HUGE_PAGES = PageSize.ENTRIES_PER_TABLE;

    /// What a device can have, all of one chunk.
    private static final int DEVICE_PAGES = 2 * HUGE_PAGES;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        long size = (long) DEVICE_PAGES * PAGE;
        return config.withRamSize(64L << 20)
                .withDeviceMemory(size)
                .withChunkSize(size)
                .withCoherentDeviceCount(1);
    }

    @BeforeEach
    void driversTakeBrokenPages() {
        emulator.devices().forEach(device -> device.setHandlesMemoryFailure(true));
    }

    private Recovery fail(long page) {
        return emulator.machine().memoryFailure().fail(page).recovery();
    }

    private static long pageOf(Dmirror device, long address) {
        DevicePageTable table = device.mirror().table();
        table.lock();
        try {
            return DevicePte.page(table.entryLocked(PageSize.pageNumber(address)));
        } finally {
            table.unlock();
        }
    }

    private void assertBroken(Dmirror device, long address) {
        assertEquals(FaultResult.HWPOISON, cpu.read(address, buffer(1)));
        assertEquals(
                Errno.EFAULT,
                device.execute(new DmirrorCommand.Read(address, 1, buffer(1))).errno());
    }

    private void brokenPageIsAnErrorToAll(Dmirror device, int number) {
        long address = map(3);
        cpuWrites(address, pattern(3, 1));
        assertMigrates(device, address, 3);
        long broken = pageOf(device, page(address, 1));
        Mm child = process.fork();
        CpuAccess childCpu = new CpuAccess(child);
        assertEquals(Recovery.RECOVERED, fail(broken));
        assertTrue(emulator.device(number).isBroken(broken));
        assertBroken(device, page(address, 1));
        assertEquals(FaultResult.HWPOISON, childCpu.read(page(address, 1), buffer(1)));
        assertDeviceReads(device, address, pattern(1, 1), 1);
        assertCpuReads(address, pattern(1, 1));
        assertCpuReads(childCpu, page(address, 2), pattern(3, 1).asSlice(2L * PAGE));
        child.exit();
        assertEquals(Errno.OK, process.munmap(page(address, 1), PAGE));
    }

    @Test
    @Tag("T-11.5")
    void brokenPrivatePageIsAnErrorToAllWhoHaveIt() {
        brokenPageIsAnErrorToAll(device0, 0);
    }

    @Test
    @Tag("T-11.5")
    void brokenCoherentPageIsAnErrorToAllWhoHaveIt() {
        Dmirror coherent = emulator.device(2).open(process);
        brokenPageIsAnErrorToAll(coherent, 2);
        process.exit();
        coherent.close();
    }

    @Test
    void withoutTheDriversHelpAPrivatePageIsAsUsableAsItWas() {
        emulator.device(0).setHandlesMemoryFailure(false);
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        assertMigrates(device0, address, 1);
        assertEquals(Recovery.FAILED, fail(pageOf(device0, address)));
        assertDeviceReads(device0, address, pattern(1, 1), 0);
        assertCpuReads(address, pattern(1, 1));
    }

    private void brokenPageIsNotHandedOut(Dmirror device, int number) {
        long address = map(DEVICE_PAGES);
        cpuWrites(address, pattern(DEVICE_PAGES, 2));
        assertEquals(1, device.migrateToDevice(address, 1).movedPages());
        long used = pageOf(device, address);
        long free = used + 70;
        assertEquals(Recovery.RECOVERED, fail(free));
        assertEquals(Recovery.RECOVERED, fail(used));
        assertEquals(0, pagesOn(number));
        long rest = page(address, 1);
        assertEquals(DEVICE_PAGES - 2, device.migrateToDevice(rest, DEVICE_PAGES - 1).movedPages());
        for (int i = 1; i < DEVICE_PAGES - 1; i++) {
            assertNotEquals(free, pageOf(device, page(address, i)));
            assertNotEquals(used, pageOf(device, page(address, i)));
        }
        assertEquals(Errno.OK, process.munmap(address, (long) DEVICE_PAGES * PAGE));
        assertEquals(0, pagesOn(number));
        assertEquals(DEVICE_PAGES - 2, emulator.device(number).memory().statistics().freePages());
    }

    @Test
    void privatePagesThatBrokeAreNotHandedOut() {
        brokenPageIsNotHandedOut(device0, 0);
    }

    @Test
    void coherentPagesThatBrokeAreNotHandedOut() {
        Dmirror coherent = emulator.device(2).open(process);
        brokenPageIsNotHandedOut(coherent, 2);
        process.exit();
        coherent.close();
    }

    @Test
    void deviceGivesItsMemoryUpWithTheBrokenPagesInIt() {
        Dmirror coherent = emulator.device(2).open(process);
        for (Dmirror device : new Dmirror[] {device0, coherent}) {
            long address = map(4);
            cpuWrites(address, pattern(4, 3));
            assertMigrates(device, address, 4);
            long used = pageOf(device, address);
            assertEquals(Recovery.RECOVERED, fail(used));
            assertEquals(Recovery.RECOVERED, fail(used + 100));
            assertEquals(success(0, 0), device.execute(new DmirrorCommand.Release(address, 1)));
            assertBroken(device, address);
            MemorySegment rest = pattern(4, 3).asSlice(PAGE);
            assertCpuReads(page(address, 1), rest);
            assertMigrates(device, page(address, 1), 3);
            assertDeviceReads(device, page(address, 1), rest, 0);
        }
        process.exit();
        coherent.close();
    }

    @Test
    void brokenPageIsCutOutOfALargeFolio() {
        long huge = 1L << 40;
        process.mmapFixed(huge, PageSize.PMD_SIZE, READ_WRITE);
        assertTrue(process.madvise(huge, PageSize.PMD_SIZE, Advice.HUGEPAGE).isOk());
        MemorySegment data = pattern(HUGE_PAGES, 4);
        cpuWrites(huge, data);
        assertMigrates(device0, huge, HUGE_PAGES);
        long broken = pageOf(device0, page(huge, 9));
        assertTrue(emulator.machine().folios().isLarge(broken));
        assertEquals(Recovery.RECOVERED, fail(broken));
        assertEquals(HUGE_PAGES - 1, pagesOn(0));
        assertBroken(device0, page(huge, 9));
        assertCpuReads(huge, data.asSlice(0, 9L * PAGE));
        assertCpuReads(page(huge, 10), data.asSlice(10L * PAGE));
    }
}
