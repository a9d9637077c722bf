package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.gup.ProcessVmAccess;
import farpage.mm.mempolicy.Mbind;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.mempolicy.MovePages;
import farpage.mm.swap.SwapMemory;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Calls that are about system memory leave pages of devices, of either kind, where they are, with
/// their contents.
abstract class AdviceContract extends EmulatorScene {
    private static final int PAGES = 8;

    private Dmirror device2;
    private MemorySegment data;
    private long address;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config).withCoherentDeviceCount(2);
    }

    /// Two pages on a private device, two on a coherent one, one for a device alone, one in swap,
    /// two in RAM.
    @BeforeEach
    final void spreadPages() {
        assertEquals(Errno.OK, emulator.machine().swap().swapOn(new SwapMemory(64)));
        device2 = emulator.device(2).open(process);
        address = map(PAGES);
        data = pattern(PAGES, 7);
        cpuWrites(address, data);
        assertMigrates(device0, address, 2);
        assertMigrates(device2, page(address, 2), 2);
        assertEquals(
                success(1, 0),
                device1.execute(new DmirrorCommand.Exclusive(page(address, 4), 1, buffer(1))));
        assertEquals(Errno.OK, process.madvise(page(address, 5), PAGE, Advice.PAGEOUT));
    }

    private void assertNothingMoved() {
        assertEquals("22 22 52 52 00 00 02 02", snapshot(device0, address, PAGES));
        assertEquals(2, pagesOn(0));
        assertEquals(2, pagesOn(2));
        assertEquals(
                failure(Errno.EPERM),
                device1.execute(new DmirrorCommand.CheckExclusive(page(address, 4), 1)));
    }

    private Errno advise(Advice advice) {
        return process.madvise(address, (long) PAGES * PAGE, advice);
    }

    @ParameterizedTest
    @EnumSource(names = {"COLD", "WILLNEED"})
    void adviceLeavesPagesWhereTheyAre(Advice advice) {
        assertEquals(Errno.OK, advise(advice));
        assertNothingMoved();
        assertCpuReads(address, data);
    }

    @Test
    void pagesOfDevicesAreNeverSwappedOut() {
        assertEquals(Errno.OK, advise(Advice.PAGEOUT));
        assertEquals("22 22 52 52 00 00 00 00", snapshot(device0, address, PAGES));
        assertEquals(2, pagesOn(0));
        assertEquals(2, pagesOn(2));
        assertCpuReads(address, data);
    }

    @Test
    void callsAboutNodesPassOverPagesOfDevices() {
        long[] addresses = new long[PAGES];
        for (int i = 0; i < PAGES; i++) {
            addresses[i] = page(address, i);
        }
        int[] status = new int[PAGES];
        int none = -Errno.ENOENT.number();
        assertEquals(
                Errno.OK,
                MovePages.move(process, addresses, new int[PAGES], MempolicyFlags.MOVE, status));
        assertArrayEquals(new int[] {none, none, none, none, none, none, 0, 0}, status);
        assertEquals(
                Errno.OK,
                Mbind.call(
                        process,
                        address,
                        (long) PAGES * PAGE,
                        MempolicyMode.BIND,
                        1,
                        MempolicyFlags.MOVE | MempolicyFlags.STRICT));
        assertNothingMoved();
        assertCpuReads(address, data);
    }

    @Test
    void anotherProcessReadsPrivatePagesInRamAndCoherentOnesInPlace() {
        MemorySegment read = buffer(4);
        assertEquals(4L * PAGE, ProcessVmAccess.read(process, address, read));
        assertBytes(data.asSlice(0, 4L * PAGE), read);
        assertEquals(0, pagesOn(0));
        assertEquals(2, pagesOn(2));
        MemorySegment written = pattern(1, 11);
        assertEquals(PAGE, ProcessVmAccess.write(process, page(address, 3), written));
        assertEquals(2, pagesOn(2));
        assertDeviceReads(device2, page(address, 3), written, 0);
    }

    @Test
    void pagesOfDevicesCountAsResident() {
        byte[] resident = new byte[PAGES];
        assertEquals(Errno.OK, process.mincore(address, (long) PAGES * PAGE, resident));
        assertArrayEquals(new byte[] {1, 1, 1, 1, 1, 0, 1, 1}, resident);
        assertNothingMoved();
    }
}
