package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.devmem.CoherentAccess;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.migrate.MigrateCoherentFolio;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Devices 2 and 3, whose memory the CPU maps. What holds must hold whichever way the CPU gets at
/// it.
abstract class CoherentContract extends EmulatorScene {
    static final int CHUNK_PAGES = 1024;

    Dmirror device2;
    Dmirror device3;

    abstract CoherentAccess access();

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config).withCoherentDeviceCount(2).withCoherentAccess(access());
    }

    @BeforeEach
    void openCoherentDevices() {
        boolean possible =
                access() == CoherentAccess.COMMANDS
                        || emulator.config().devices().getFirst().info().fineGrainSvm();
        assumeTrue(possible, "the device has no fine-grained buffer SVM");
        device2 = emulator.device(2).open(process);
        device3 = emulator.device(3).open(process);
    }

    private long mapOn(Dmirror device, MemorySegment contents) {
        int pageCount = (int) (contents.byteSize() / PAGE);
        long address = map(pageCount);
        cpuWrites(address, contents);
        assertMigrates(device, address, pageCount);
        return address;
    }

    @Test
    @Tag("T-4.1")
    void cpuLoadsAndStoresWithoutMovingThePages() {
        long address = mapOn(device2, pattern(4, 1));
        long faults = cpu.faultCount();
        assertCpuReads(address, pattern(4, 1));
        cpuWrites(page(address, 1), pattern(2, 9));
        assertEquals(faults, cpu.faultCount());
        assertEquals(4, pagesOn(2));
        assertDeviceReads(device2, page(address, 1), pattern(2, 9), 0);
        assertDeviceWrites(device2, address, pattern(4, 11), 0);
        assertCpuReads(address, pattern(4, 11));
        assertEquals("42 42 42 42", snapshot(device2, address, 4));
        assertEquals("52 52 52 52", snapshot(device3, address, 4));
        assertEquals("52 52 52 52", snapshot(device0, address, 4));
    }

    @Test
    void oneByteIsStoredAndThoseBesideItStay() {
        long address = mapOn(device2, pattern(1, 1));
        MemorySegment expected = pattern(1, 1);
        expected.set(ValueLayout.JAVA_BYTE, 77, (byte) ~expected.get(ValueLayout.JAVA_BYTE, 77));
        long offset = cpu.begin(address + 77, true);
        assertTrue(offset >= 0);
        cpu.memory().set(ValueLayout.JAVA_BYTE, offset, expected.get(ValueLayout.JAVA_BYTE, 77));
        cpu.end();
        assertFalse(cpu.fault().isError());
        assertCpuReads(address, expected);
        assertDeviceReads(device2, address, expected, 0);
    }

    @Test
    @Tag("T-2.12")
    void pagesOnOneCoherentDeviceAreNotSelectedByAnother() {
        long address = mapOn(device2, pattern(2, 3));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device3, address, 2));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 2));
        assertEquals(success(0, 0), migrateToSystem(device3, address, 2));
        assertEquals(2, pagesOn(2));
        assertEquals(success(2, 0), migrateToSystem(device2, address, 2));
        assertEquals(0, pagesOn(2));
        assertCpuReads(address, pattern(2, 3));
    }

    @Test
    void exclusiveAccessLeavesThePagesWhereTheyAre() {
        long address = mapOn(device2, pattern(2, 12));
        MemorySegment taken = buffer(2);
        assertEquals(
                success(2, 0), device3.execute(new DmirrorCommand.Exclusive(address, 2, taken)));
        assertBytes(pattern(2, 12), taken);
        assertEquals("00 00", snapshot(device2, address, 2));
        EmulatorInvariants.assertHold(emulator);
        DmirrorCommand check = new DmirrorCommand.CheckExclusive(address, 2);
        assertEquals(failure(Errno.EPERM), device3.execute(check));
        assertCpuReads(address, pattern(2, 12));
        assertEquals(success(0, 0), device3.execute(check));
        assertEquals("42 42", snapshot(device2, address, 2));
    }

    @Test
    void anotherDeviceReadsAndWritesThePagesWhereTheyAre() {
        long address = mapOn(device2, pattern(3, 4));
        assertDeviceReads(device3, address, pattern(3, 4), 1);
        assertDeviceWrites(device0, address, pattern(3, 5), 1);
        assertEquals(3, pagesOn(2));
        assertDeviceReads(device2, address, pattern(3, 5), 0);
        assertCpuReads(address, pattern(3, 5));
    }

    @Test
    @Tag("T-2.3")
    void holesAreFilledWithZerosAndWritableWhereTheMappingIs() {
        long address = map(2);
        assertEquals(Errno.OK, process.mprotect(page(address, 1), PAGE, VmFlags.READ));
        assertMigrates(device2, address, 2);
        assertEquals("42 41", snapshot(device2, address, 2));
        assertCpuReads(address, buffer(2));
        cpuWrites(address, pattern(1, 6));
        assertEquals(FaultResult.SIGSEGV, cpu.write(page(address, 1), pattern(1, 6)));
        assertCpuReads(address, pattern(1, 6));
        assertEquals(2, pagesOn(2));
    }

    @Test
    @Tag("T-3.3")
    void storeAfterForkCopiesStraightToASystemPage() {
        long address = mapOn(device2, pattern(2, 7));
        Mm child = process.fork();
        CpuAccess childCpu = new CpuAccess(child);
        assertEquals("41 41", snapshot(device2, address, 2));
        cpuWrites(address, pattern(1, 8));
        assertEquals("02 41", snapshot(device2, address, 2));
        assertEquals(2, pagesOn(2), "the child keeps the page");
        assertCpuReads(childCpu, address, pattern(2, 7));
        child.exit();
        assertEquals(1, pagesOn(2));
        MemorySegment second = pattern(2, 7).asSlice(PAGE);
        assertCpuReads(page(address, 1), second);
        cpuWrites(page(address, 1), second);
        assertEquals("02 42", snapshot(device2, address, 2));
        assertEquals(1, pagesOn(2), "who is alone writes in place");
    }

    @Test
    @Tag("T-6.7")
    void releaseBringsPagesOfTwoProcessesBack() {
        long address = mapOn(device2, pattern(4, 9));
        Mm child = process.fork();
        assertEquals(Errno.OK, device2.execute(new DmirrorCommand.Release(PAGE, 1)).errno());
        assertEquals(0, emulator.device(2).memory().chunks().size());
        assertCpuReads(address, pattern(4, 9));
        assertCpuReads(new CpuAccess(child), address, pattern(4, 9));
        child.exit();
        assertMigrates(device2, address, 4);
        assertEquals(1, emulator.device(2).memory().chunks().size(), "the same range again");
    }

    @Test
    void fullDeviceGetsNoSecondChunk() {
        long address = map(CHUNK_PAGES + 8);
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device2, address, CHUNK_PAGES + 8));
        assertEquals(1, emulator.device(2).memory().chunks().size());
        assertTrue(pagesOn(2) <= CHUNK_PAGES);
    }

    @Test
    @Tag("T-3.10")
    void unmappedPagesGoBackToTheDriver() {
        long address = mapOn(device2, pattern(4, 10));
        assertEquals(Errno.OK, process.munmap(page(address, 1), 2L * PAGE));
        assertEquals(2, pagesOn(2));
        assertEquals(Errno.OK, process.mprotect(address, PAGE, VmFlags.READ));
        assertEquals("41 ff ff 42", snapshot(device2, address, 4));
        assertEquals(Errno.OK, process.mprotect(address, PAGE, READ_WRITE));
        assertEquals("42", snapshot(device2, address, 1));
    }

    /// The device page that device 2 has in its table.
    private long pageAt(long address) {
        DevicePageTable table = device2.mirror().table();
        table.lock();
        try {
            return DevicePte.page(table.entryLocked(address / PAGE));
        } finally {
            table.unlock();
        }
    }

    @Test
    @Tag("T-3.11")
    void pageThatIsToBePinnedForLongMovesToSystemMemory() {
        long address = mapOn(device2, pattern(2, 12));
        long page = pageAt(address);
        assertTrue(Page.isDeviceCoherent(page));
        emulator.machine().folios().get(page);
        assertEquals(Errno.OK, MigrateCoherentFolio.migrate(emulator.machine(), page));
        assertEquals("02 42", snapshot(device2, address, 2));
        assertEquals(1, pagesOn(2));
        assertCpuReads(address, pattern(2, 12));
    }

    @Test
    @Tag("T-3.11")
    void pageThatSomebodyElseHoldsStaysOnTheDevice() {
        long address = mapOn(device2, pattern(1, 13));
        long page = pageAt(address);
        emulator.machine().folios().get(page);
        emulator.machine().folios().get(page);
        assertEquals(Errno.EBUSY, MigrateCoherentFolio.migrate(emulator.machine(), page));
        emulator.machine().put(page);
        assertEquals("42", snapshot(device2, address, 1));
        assertCpuReads(address, pattern(1, 13));
    }

    @Test
    void deviceThatFailsIsAMemoryErrorToTheCpu() {
        long address = mapOn(device2, pattern(1, 14));
        if (access() == CoherentAccess.COMMANDS) {
            faults.failNext(CallKind.READ, ClError.OUT_OF_RESOURCES);
            assertEquals(FaultResult.HWPOISON, cpu.read(address, buffer(1)));
        }
        assertCpuReads(address, pattern(1, 14));
        assertEquals("42", snapshot(device2, address, 1));
    }

    @Test
    void copyThatTheDeviceCanNotGiveLeavesEverythingAsItWas() {
        assumeTrue(access() == CoherentAccess.COMMANDS, "nothing fails in place");
        long address = mapOn(device2, pattern(1, 15));
        long[] pinned = new long[1];
        GupResult result = GetUserPages.pinFast(process, address, 1, GupFlags.WRITE, pinned);
        assertEquals(1, result.count());
        faults.failNext(CallKind.READ, ClError.OUT_OF_RESOURCES);
        assertThrows(OutOfMemoryError.class, process::fork);
        GetUserPages.unpin(emulator.machine(), pinned, 1, false);
        Mm child = process.fork();
        faults.failNext(CallKind.READ, ClError.OUT_OF_RESOURCES);
        assertEquals(FaultResult.HWPOISON, cpu.write(address, pattern(1, 16)));
        assertEquals("41", snapshot(device2, address, 1));
        assertCpuReads(new CpuAccess(child), address, pattern(1, 15));
        cpuWrites(address, pattern(1, 16));
        assertEquals("02", snapshot(device2, address, 1));
        child.exit();
    }
}
