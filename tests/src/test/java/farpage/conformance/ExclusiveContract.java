package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Exclusive access and forced failures, by the commands of the test driver.
abstract class ExclusiveContract extends EmulatorScene {
    private DmirrorReply exclusive(Dmirror device, long address, int pageCount) {
        return device.execute(new DmirrorCommand.Exclusive(address, pageCount, buffer(pageCount)));
    }

    private static DmirrorReply check(Dmirror device, long address, int pageCount) {
        return device.execute(new DmirrorCommand.CheckExclusive(address, pageCount));
    }

    private static void failNextAllocation(Dmirror device) {
        assertEquals(
                success(0, 0),
                device.execute(new DmirrorCommand.Flags(PAGE, DmirrorCommand.Flags.FAIL_ALLOC)));
    }

    @Test
    @Tag("T-5.1")
    void exclusivePageIsReadByTheDeviceUntilTheCpuLooks() {
        long address = map(2);
        cpuWrites(address, pattern(2, 1));
        assertEquals(success(2, 0), exclusive(device0, address, 2));
        assertEquals(failure(Errno.EPERM), check(device0, address, 2));
        assertDeviceReads(device0, address, pattern(2, 1), 0);
        assertEquals("00 00", snapshot(device0, address, 2));
        assertCpuReads(address, pattern(1, 1));
        assertEquals(success(0, 0), check(device0, address, 1));
        assertEquals(failure(Errno.EPERM), check(device0, page(address, 1), 1));
        assertEquals("02 00", snapshot(device0, address, 2));
    }

    @Test
    @Tag("T-5.2")
    void secondDeviceTakesThePageFromTheFirst() {
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        assertEquals(success(1, 0), exclusive(device0, address, 1));
        assertEquals(success(1, 0), exclusive(device1, address, 1));
        assertEquals(success(0, 0), check(device0, address, 1));
        assertEquals(failure(Errno.EPERM), check(device1, address, 1));
    }

    @Test
    @Tag("T-5.3")
    void pageOnADeviceComesToRamFirst() {
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        assertMigrates(device1, address, 1);
        assertEquals(success(1, 0), exclusive(device0, address, 1));
        assertEquals(0, pagesOn(1));
        assertDeviceReads(device0, address, pattern(1, 1), 0);
    }

    @Test
    void storeOfTheDeviceItselfGivesThePageUp() {
        long address = map(1);
        assertEquals(success(1, 0), exclusive(device0, address, 1));
        assertDeviceWrites(device0, address, pattern(1, 2), 1);
        assertEquals(success(0, 0), check(device0, address, 1));
        assertCpuReads(address, pattern(1, 2));
    }

    @Test
    void exclusivePageDoesNotMigrate() {
        long address = map(1);
        assertEquals(success(1, 0), exclusive(device0, address, 1));
        assertMigrates(device0, address, 1);
        assertEquals(0, pagesOn(0));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device1, address, 1));
    }

    @Test
    @Tag("T-5.4")
    void pagesBeforeOneThatMayNotBeWrittenStayTheDevices() {
        long address = map(3);
        process.mprotect(page(address, 1), PAGE, VmFlags.READ);
        assertEquals(failure(Errno.EFAULT), exclusive(device0, address, 3));
        assertEquals(failure(Errno.EPERM), check(device0, address, 1));
        assertEquals(success(0, 0), check(device0, page(address, 1), 2));
    }

    @Test
    @Tag("T-5.5")
    void forkEndsExclusiveAccess() {
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        assertEquals(success(1, 0), exclusive(device0, address, 1));
        Mm child = process.fork();
        assertEquals(success(0, 0), check(device0, address, 1));
        assertCpuReads(new CpuAccess(child), address, pattern(1, 1));
        cpuWrites(address, pattern(1, 2));
        assertCpuReads(new CpuAccess(child), address, pattern(1, 1));
        child.exit();
    }

    @Test
    @Tag("T-5.6")
    void protectionEndsExclusiveAccessAndKeepsTheDeviceFromWriting() {
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        assertEquals(success(1, 0), exclusive(device0, address, 1));
        process.mprotect(address, PAGE, VmFlags.READ);
        assertEquals(success(0, 0), check(device0, address, 1));
        assertEquals(
                failure(Errno.EPERM),
                device0.execute(new DmirrorCommand.Write(address, 1, buffer(1))));
        assertCpuReads(address, pattern(1, 1));
        assertEquals("01", snapshot(device0, address, 1));
    }

    @Test
    @Tag("T-5.7")
    void unmappingEndsExclusiveAccess() {
        long address = map(1);
        assertEquals(success(1, 0), exclusive(device0, address, 1));
        process.munmap(address, PAGE);
        assertEquals(success(0, 0), check(device0, address, 1));
        assertEquals(failure(Errno.EFAULT), exclusive(device0, address, 1));
    }

    @Test
    void processThatHasExitedHasNoPages() {
        Mm other = emulator.newProcess();
        long address = other.mmap(PAGE, READ_WRITE);
        Dmirror device = emulator.device(0).open(other);
        other.exit();
        assertEquals(failure(Errno.EINVAL), exclusive(device, address, 1));
        assertEquals(
                failure(Errno.EFAULT),
                device.execute(new DmirrorCommand.Read(address, 1, buffer(1))));
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device, address, 1));
        device.close();
    }

    // Forced failures.

    @Test
    @Tag("T-6.8")
    void forcedFailureLeavesOnePageInSystemMemory() {
        long address = map(3);
        cpuWrites(address, pattern(3, 1));
        failNextAllocation(device0);
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 3));
        assertEquals("02 22 22", snapshot(device0, address, 3));
        assertMigrates(device0, address, 3);
        assertEquals(3, pagesOn(0));
    }

    @Test
    @Tag("T-6.8")
    void forcedFailureOnTheWayBackKeepsThePiece() {
        long address = map(520);
        cpuWrites(address, pattern(520, 1));
        assertMigrates(device0, address, 520);
        failNextAllocation(device0);
        assertEquals(success(8, 0), migrateToSystem(device0, address, 520));
        assertEquals(512, pagesOn(0));
        assertDeviceReads(device0, address, pattern(512, 1), 0);
        assertEquals(success(512, 0), migrateToSystem(device0, address, 520));
        assertCpuReads(address, pattern(520, 1));
    }

    @Test
    @Tag("T-6.8")
    void forcedFailureInACpuFaultLeavesThePageUsable() {
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        assertMigrates(device0, address, 1);
        failNextAllocation(device0);
        assertEquals(FaultResult.OUT_OF_MEMORY, cpu.read(address, buffer(1)));
        assertEquals(1, pagesOn(0));
        assertCpuReads(address, pattern(1, 1));
    }

    @Test
    void failureIsForcedForOneFileAlone() {
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        failNextAllocation(device1);
        assertMigrates(device0, address, 1);
        device1.execute(new DmirrorCommand.Flags(PAGE, 2));
        assertEquals(success(1, 0), migrateToSystem(device0, address, 1));
        assertMigrates(device1, address, 1);
    }

    // What is asked of buffers.

    @Test
    @Tag("T-6.3")
    void shortBufferIsNoticedAfterThePagesAreThere() {
        long address = map(2);
        assertEquals(
                failure(Errno.EFAULT),
                device0.execute(new DmirrorCommand.Read(address, 2, buffer(1))));
        assertDeviceReads(device0, address, buffer(2), 0);
        process.mprotect(page(address, 1), PAGE, VmFlags.READ);
        assertEquals(success(1, 0), exclusive(device1, address, 1));
        assertEquals(
                failure(Errno.ENOENT),
                device0.execute(new DmirrorCommand.MigrateToDevice(address, 2, buffer(1))));
    }

    @Test
    void moreThanTheDriverCanBufferIsRefused() {
        long address = map(1);
        assertEquals(
                failure(Errno.ENOMEM),
                device0.execute(new DmirrorCommand.Read(address, 1L << 30, buffer(1))));
    }
}
