package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.fault.FaultResult;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/// Device memory that is smaller than what is asked of it: 4 MiB in chunks of 1 MiB and blocks of 1
/// MiB at most.
abstract class EvictionContract extends EmulatorScene {
    private static final int DEVICE_PAGES = 1024;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize(32L << 20)
                .withDeviceMemory((long) DEVICE_PAGES * PAGE)
                .withChunkSize(1L << 20)
                .withInPlace(false);
    }

    private long evicted() {
        return emulator.device(0).memory().statistics().evictedPages();
    }

    @Test
    void oldestPagesMakeRoomForNewOnes() {
        long address = map(DEVICE_PAGES + 512);
        MemorySegment data = pattern(DEVICE_PAGES + 512, 1);
        cpuWrites(address, data);
        assertMigrates(device0, address, 512);
        assertMigrates(device0, page(address, 512), 512);
        assertEquals(0, evicted());
        assertMigrates(device0, page(address, 1024), 512);
        assertEquals(512, evicted());
        assertEquals(DEVICE_PAGES, pagesOn(0));
        assertEquals("02", snapshot(device0, address, 1));
        assertEquals("22", snapshot(device0, page(address, 512), 1));
        assertCpuReads(address, data);
    }

    @Test
    void pagesOfTheRangeThatMakeRoomForOthersOfItAreMovedAgain() {
        long address = map(2 * DEVICE_PAGES);
        MemorySegment data = pattern(2 * DEVICE_PAGES, 5);
        cpuWrites(address, data);
        assertMigrates(device0, address, 512);
        assertMigrates(device0, page(address, 1024), 512);
        assertMigrates(device0, address, 1024);
        assertEquals(DEVICE_PAGES, pagesOn(0));
        assertCpuReads(address, data);
    }

    @Test
    void aRangeTwiceTheDeviceMovesThroughItWithoutLosingAByte() {
        int pageCount = 2 * DEVICE_PAGES;
        long address = map(pageCount);
        MemorySegment data = pattern(pageCount, 2);
        cpuWrites(address, data);
        for (int round = 0; round < 2; round++) {
            for (int first = 0; first < pageCount; first += 128) {
                assertMigrates(device0, page(address, first), 128);
                MemorySegment written = pattern(128, round * 1000 + first);
                assertDeviceWrites(device0, page(address, first), written, 0);
                MemorySegment.copy(written, 0, data, (long) first * PAGE, 128L * PAGE);
            }
        }
        assertTrue(evicted() >= 2 * DEVICE_PAGES, () -> "evicted: " + evicted());
        assertCpuReads(address, data);
    }

    @Test
    void pagesOfAnotherProcessAreEvictedToo() {
        long address = map(DEVICE_PAGES);
        MemorySegment data = pattern(DEVICE_PAGES, 3);
        cpuWrites(address, data);
        assertMigrates(device0, address, DEVICE_PAGES);
        Mm other = emulator.newProcess();
        long otherAddress = other.mmap((long) DEVICE_PAGES * PAGE, READ_WRITE);
        CpuAccess otherCpu = new CpuAccess(other);
        MemorySegment otherData = pattern(DEVICE_PAGES, 4);
        otherCpu.write(otherAddress, otherData);
        try (var otherFile = emulator.device(0).open(other)) {
            assertMigrates(otherFile, otherAddress, DEVICE_PAGES);
            assertDeviceReads(otherFile, otherAddress, otherData, 0);
            assertDeviceReads(device0, address, data, 1);
        }
        assertEquals(DEVICE_PAGES, evicted());
        assertEquals(Errno.OK, other.munmap(otherAddress, (long) DEVICE_PAGES * PAGE));
        assertEquals(0, pagesOn(0));
    }

    @Test
    void rangeLargerThanTheDeviceMigratesInPart() {
        int pageCount = DEVICE_PAGES + 8;
        long address = map(pageCount);
        MemorySegment data = pattern(pageCount, 5);
        cpuWrites(address, data);
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, pageCount));
        assertEquals(DEVICE_PAGES, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertCpuReads(address, data);
    }

    @Test
    void evictionStopsWhenSystemMemoryIsFull() {
        long address = map(DEVICE_PAGES);
        cpuWrites(address, pattern(DEVICE_PAGES, 6));
        assertMigrates(device0, address, DEVICE_PAGES);
        int free = emulator.machine().ram().freePageCount();
        long filler = map(free);
        assertEquals(0, cpuFills(filler, free));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, filler, 600, buffer(600)));
        assertEquals(0, evicted());
        assertEquals(DEVICE_PAGES, pagesOn(0));
        process.munmap(filler, (long) free * PAGE);
        assertCpuReads(address, pattern(DEVICE_PAGES, 6));
    }

    private DmirrorReply migrateToDevice(
            Dmirror device, long address, long pageCount, MemorySegment to) {
        return device.execute(new DmirrorCommand.MigrateToDevice(address, pageCount, to));
    }

    /// Touches pages until the first that can not be had.
    ///
    /// @return pages that could not
    private int cpuFills(long address, int pageCount) {
        for (int page = 0; page < pageCount; page++) {
            if (cpu.begin(page(address, page), true) < 0) {
                return pageCount - page;
            }
            cpu.end();
        }
        return 0;
    }

    @Test
    void cpuFaultWithoutSystemMemoryLeavesThePageOnTheDevice() {
        long address = map(4);
        cpuWrites(address, pattern(4, 7));
        assertMigrates(device0, address, 4);
        int free = emulator.machine().ram().freePageCount();
        long filler = map(free);
        assertEquals(0, cpuFills(filler, free));
        assertTrue(cpu.begin(address, false) < 0);
        assertEquals(FaultResult.OUT_OF_MEMORY, cpu.fault());
        assertEquals(4, pagesOn(0));
        assertDeviceReads(device0, address, pattern(4, 7), 1);
        assertEquals(success(0, 0), migrateToSystem(device0, address, 4));
        assertEquals(
                failure(Errno.ENOMEM), device0.execute(new DmirrorCommand.Release(address, 1)));
        assertEquals(4, pagesOn(0));
        assertDeviceReads(device0, address, pattern(4, 7), 1);
        process.munmap(filler, (long) free * PAGE);
        assertCpuReads(address, pattern(4, 7));
    }

    @Test
    void bufferThatTheDeviceRefusesIsDeviceMemoryThatIsFull() {
        long address = map(600);
        MemorySegment data = pattern(600, 8);
        cpuWrites(address, data);
        faults.fail(
                CallKind.CREATE_BUFFER,
                faults.calls(CallKind.CREATE_BUFFER) + 2,
                ClError.MEM_OBJECT_ALLOCATION_FAILURE);
        faults.fail(
                CallKind.CREATE_BUFFER,
                faults.calls(CallKind.CREATE_BUFFER) + 3,
                ClError.MEM_OBJECT_ALLOCATION_FAILURE);
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 600));
        assertEquals(256, pagesOn(0));
        assertTrue(emulator.device(0).memory().wasRefusedByDevice());
        assertDeviceReads(device0, address, data, 1);
        assertMigrates(device0, address, 600);
        assertEquals(600, pagesOn(0));
    }
}
