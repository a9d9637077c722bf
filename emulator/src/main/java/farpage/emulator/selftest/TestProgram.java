package farpage.emulator.selftest;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.peer.PeerMode;
import farpage.mm.PageSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/// A test program that has a machine for itself: its first process, with the devices of its fixture
/// open, and the processes and threads that it starts.
///
/// Closing it is what the end of the program does: children that still run are killed, device files
/// closed, processes exit. All invariants are checked before and after.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: FIXTURE_SETUP, FIXTURE_TEARDOWN
final class TestProgram implements AutoCloseable {
    private final Emulator emulator;
    private final SelftestVariant variant;
    private final CaseThreads threads;
    private final RandomGenerator random;
    private final List<String> printed;

    private final Arena arena = Arena.ofShared();
    private final TestProcess self;
    private final List<TestProcess> children = new ArrayList<>();
    private final List<DeviceFile> devices = new ArrayList<>();
    private final List<TestFile> files = new ArrayList<>();

    /// @param printed takes what the case prints
    TestProgram(
            Emulator emulator,
            SelftestVariant variant,
            CaseThreads threads,
            RandomGenerator random,
            List<String> printed) {
        this.emulator = emulator;
        this.variant = variant;
        this.threads = threads;
        this.random = random;
        this.printed = printed;
        this.self = new TestProcess(this, emulator.newProcess());
    }

    /// Opens the devices of a fixture.
    void setUp(SelftestFixture fixture) {
        for (int i = 0; i < fixture.deviceCount(); i++) {
            int index = variant.firstDevice() + i;
            if (index >= emulator.devices().size()) {
                throw skip("DEVICE_COHERENT not available");
            }
            devices.add(self.open(machineDevice(index)));
        }
    }

    TestProcess process() {
        return self;
    }

    /// The fixture's only or first device.
    DeviceFile device() {
        return device(0);
    }

    /// A device of the fixture, from 0.
    DeviceFile device(int index) {
        return devices.get(index);
    }

    /// A device of the machine by its minor number.
    EmulatedDevice machineDevice(int minor) {
        return emulator.device(minor);
    }

    boolean isCoherent() {
        return variant == SelftestVariant.DEVICE_COHERENT;
    }

    /// Whether a device is told of the pages that are on another one. Linux has no such devices.
    boolean seesPeers() {
        return emulator.config().peerMode() != PeerMode.OFF;
    }

    RandomGenerator random() {
        return random;
    }

    MemorySegment allocate(int pageCount) {
        return arena.allocate(PageSize.pageAddress(pageCount), PageSize.PAGE_SIZE);
    }

    /// Writes a line to the program's standard output.
    void print(String line) {
        printed.add(line);
    }

    /// How long something takes.
    long nanosOf(Runnable work) {
        LongSupplier clock = emulator.config().nanoClock();
        long start = clock.getAsLong();
        work.run();
        return clock.getAsLong() - start;
    }

    /// Whether so much memory can be migrated at once: to a device that has room, from a machine
    /// that has as much again for everything else.
    boolean hasRoomFor(long bytes) {
        EmulatorConfig config = emulator.config();
        long onDevice =
                isCoherent()
                        ? Math.min(config.deviceMemory(), config.chunkSize())
                        : config.deviceMemory();
        return 2 * bytes <= config.ramSize() && bytes <= onDevice;
    }

    /// Ends the case without a result.
    ///
    /// @return never
    CaseEnd.Skipped skip(String reason) {
        throw new CaseEnd.Skipped(reason);
    }

    /// A child of the first process, which does nothing yet.
    TestProcess fork() {
        TestProcess child = new TestProcess(this, self.mm().fork());
        children.add(child);
        return child;
    }

    /// A temporary file of zeros, open until the end.
    TestFile newFile(int pageCount) {
        TestFile file = TestFile.create(emulator.machine(), pageCount);
        files.add(file);
        return file;
    }

    /// Another thread of the program.
    Running<Boolean> start(String name, Runnable work) {
        return threads.start(
                name,
                () -> {
                    work.run();
                    return true;
                });
    }

    @Override
    public void close() {
        try (arena) {
            children.forEach(TestProcess::end);
            self.closeFiles();
            files.forEach(TestFile::close);
            EmulatorInvariants.assertHold(emulator);
            self.exit();
            EmulatorInvariants.assertHold(emulator);
        }
    }
}
