package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.device.BindingUnderTest;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.lock.HeldRanks;
import farpage.opencl.ClBinding;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/// An emulator with two devices on the first OpenCL device, one process, and the device file that
/// it has open on each. After every test all invariants hold, no thread holds a lock, and closing
/// finds nothing left.
abstract class EmulatorScene {
    @RegisterExtension final BindingUnderTest.Around around = new BindingUnderTest.Around();

    static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;
    static final int PAGE = PageSize.PAGE_SIZE;

    final FaultPlan faults = FaultPlan.explicit();
    Arena arena;
    ClBinding binding;
    Emulator emulator;
    Mm process;
    CpuAccess cpu;
    Dmirror device0;
    Dmirror device1;

    /// The binding under test.
    ClBinding open() {
        return around.open();
    }

    /// What the emulator is made of; a test class may ask for less memory.
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize(64L << 20).withChunkSize(4L << 20).withDeviceMemory(32L << 20);
    }

    @BeforeEach
    final void start() {
        arena = Arena.ofShared();
        binding = new InjectingBinding(open(), faults);
        emulator =
                new Emulator(configure(EmulatorConfig.of(binding, binding.devices().getFirst())));
        process = emulator.newProcess();
        cpu = new CpuAccess(process);
        device0 = emulator.device(0).open(process);
        device1 = emulator.device(1).open(process);
    }

    @AfterEach
    final void nothingIsLeft() {
        assertTrue(HeldRanks.holdsNothing(), HeldRanks::describe);
        EmulatorInvariants.assertHold(emulator);
        emulator.close();
        assertEquals(List.of(), emulator.openObjects());
        binding.close();
        arena.close();
    }

    // What the process does.

    final long map(int pageCount) {
        long address = process.mmap((long) pageCount * PAGE, READ_WRITE);
        assertTrue(address > 0);
        return address;
    }

    static long page(long address, long index) {
        return address + index * PAGE;
    }

    /// Memory off the heap.
    final MemorySegment buffer(long pageCount) {
        return arena.allocate(pageCount * PAGE, 64);
    }

    /// Pages whose bytes follow from a seed.
    final MemorySegment pattern(long pageCount, int seed) {
        MemorySegment pages = buffer(pageCount);
        for (long i = 0; i < pages.byteSize(); i += Long.BYTES) {
            pages.set(ValueLayout.JAVA_LONG, i, (i + 1) * 0x9E3779B97F4A7C15L + seed);
        }
        return pages;
    }

    final void cpuWrites(long address, MemorySegment from) {
        assertEquals(FaultResult.HANDLED, cpu.write(address, from));
    }

    final void assertCpuReads(long address, MemorySegment expected) {
        assertCpuReads(cpu, address, expected);
    }

    final void assertCpuReads(CpuAccess reader, long address, MemorySegment expected) {
        MemorySegment actual = arena.allocate(expected.byteSize(), 64);
        assertEquals(FaultResult.HANDLED, reader.read(address, actual));
        assertBytes(expected, actual);
    }

    static void assertBytes(MemorySegment expected, MemorySegment actual) {
        assertEquals(-1, expected.mismatch(actual), "first byte that differs");
    }

    // What the devices do.

    static DmirrorReply failure(Errno errno) {
        return new DmirrorReply(errno, 0, 0);
    }

    static DmirrorReply success(long copiedPages, long faults) {
        return new DmirrorReply(Errno.OK, copiedPages, faults);
    }

    final DmirrorReply migrateToDevice(Dmirror device, long address, long pageCount) {
        return device.execute(
                new DmirrorCommand.MigrateToDevice(address, pageCount, buffer(pageCount)));
    }

    final DmirrorReply migrateToSystem(Dmirror device, long address, long pageCount) {
        return device.execute(new DmirrorCommand.MigrateToSystem(address, pageCount));
    }

    final void assertMigrates(Dmirror device, long address, long pageCount) {
        assertEquals(success(pageCount, 0), migrateToDevice(device, address, pageCount));
    }

    /// The device reads exactly these bytes, in as many rounds of faults.
    final void assertDeviceReads(
            Dmirror device, long address, MemorySegment expected, long faultRounds) {
        MemorySegment actual = arena.allocate(expected.byteSize(), 64);
        long pageCount = expected.byteSize() / PAGE;
        assertEquals(
                success(pageCount, faultRounds),
                device.execute(new DmirrorCommand.Read(address, pageCount, actual)));
        assertBytes(expected, actual);
    }

    final void assertDeviceWrites(
            Dmirror device, long address, MemorySegment from, long faultRounds) {
        long pageCount = from.byteSize() / PAGE;
        assertEquals(
                success(pageCount, faultRounds),
                device.execute(new DmirrorCommand.Write(address, pageCount, from)));
    }

    /// The bytes of a snapshot in hexadecimal, two digits a page.
    final String snapshot(Dmirror device, long address, int pageCount) {
        MemorySegment prots = arena.allocate(pageCount);
        assertEquals(
                success(pageCount, 0),
                device.execute(new DmirrorCommand.Snapshot(address, pageCount, prots)));
        return HexFormat.ofDelimiter(" ").formatHex(prots.toArray(ValueLayout.JAVA_BYTE));
    }

    final long pagesOn(int device) {
        return emulator.device(device).memory().statistics().livePages();
    }

    final long allocated(int device) {
        return emulator.device(device).memory().statistics().allocatedPages();
    }

    final long freed(int device) {
        return emulator.device(device).memory().statistics().freedPages();
    }
}
