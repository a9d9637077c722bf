package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.device.BindingUnderTest;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.CopyAbilities;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.Check;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.VmFlags;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBuildException;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.ClPlatform;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Making an emulator and giving everything back.
abstract class EmulatorLifecycleContract {
    @RegisterExtension final BindingUnderTest.Around around = new BindingUnderTest.Around();

    private static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;
    private static final int PAGE = 4096;

    private final FaultPlan faults = FaultPlan.explicit();
    private final List<ClContext> contexts = new ArrayList<>();
    private ClBinding binding;
    private ClDevice device;
    private EmulatorConfig config;

    /// Remembers the contexts that it made, so that those of an emulator that was never finished
    /// can be asked what they have open.
    private record Recording(ClBinding inner, List<ClContext> contexts) implements ClBinding {
        @Override
        public String name() {
            return inner.name();
        }

        @Override
        public List<ClPlatform> platforms() {
            return inner.platforms();
        }

        @Override
        public ClContext createContext(ClDevice... devices) {
            ClContext context = inner.createContext(devices);
            contexts.add(context);
            return context;
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    /// The binding under test.
    ClBinding open() {
        return around.open();
    }

    @BeforeEach
    void openBinding() {
        binding = new InjectingBinding(new Recording(open(), contexts), faults);
        device = binding.devices().getFirst();
        config =
                EmulatorConfig.of(binding, device)
                        .withRamSize(8L << 20)
                        .withDeviceMemory(4L << 20)
                        .withChunkSize(1L << 20);
    }

    @AfterEach
    void nothingIsOpenInAnyContext() {
        for (ClContext context : contexts) {
            assertEquals(List.of(), context.openObjects());
            assertTrue(context.isClosed());
        }
        binding.close();
    }

    @Test
    void unusedEmulatorClosesTwiceWithoutComplaint() {
        Emulator emulator = new Emulator(config);
        assertEquals(2, emulator.devices().size());
        assertEquals(1, emulator.device(1).id().index());
        emulator.close();
        emulator.close();
        assertEquals(List.of(), emulator.openObjects());
    }

    @Test
    void closingEndsProcessesFilesAndDeviceMemoryThatAreLeft() {
        Emulator emulator = new Emulator(config);
        Mm process = emulator.newProcess();
        long address = process.mmap(16 * PAGE, READ_WRITE);
        Dmirror file = emulator.device(0).open(process);
        assertEquals(16, file.migrateToDevice(address, 16).movedPages());
        process.fork();
        emulator.close();
        assertEquals(List.of(), emulator.openObjects());
        assertTrue(process.isExited());
    }

    @Test
    void systemPageThatSomebodyKeepsIsReported() {
        Emulator emulator = new Emulator(config);
        emulator.machine().allocateFolio(0);
        Check.Broken broken = assertThrows(Check.Broken.class, emulator::close);
        assertEquals("an emulator was closed with 1 system pages in use", broken.getMessage());
        assertEquals(List.of(), emulator.openObjects());
    }

    @Test
    void emulatedDevicesMayBeServedByDifferentOpenClDevices() {
        List<ClDevice> served = List.of(device, binding.devices().getLast(), device);
        try (Emulator emulator = new Emulator(config.withDevices(served));
                Arena arena = Arena.ofConfined()) {
            assertEquals(served.stream().distinct().count(), contexts.size());
            Mm process = emulator.newProcess();
            long address = process.mmap(8 * PAGE, READ_WRITE);
            MemorySegment data = arena.allocate(8 * PAGE).fill((byte) 7);
            new CpuAccess(process).write(address, data);
            MemorySegment seen = arena.allocate(8 * PAGE);
            for (int i = 0; i < served.size(); i++) {
                Dmirror file = emulator.device(i).open(process);
                assertEquals(served.get(i), emulator.device(i).clDevice());
                file.execute(new DmirrorCommand.Read(address, 8, seen.fill((byte) 0)));
                assertEquals(-1, data.mismatch(seen));
                assertEquals(8, file.migrateToDevice(address, 8).movedPages());
            }
        }
    }

    @Test
    void noSuchDeviceIsSaidClearly() {
        try (Emulator emulator = new Emulator(config.withDeviceCount(3))) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> emulator.device(3));
            assertEquals("device: value=3, limit=0 to 2", e.getMessage());
        }
    }

    @Test
    void deviceMemorySmallerThanAPageIsRefused() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> new Emulator(config.withDeviceMemory(4095)));
        assertEquals("device memory: value=4095 bytes, limit=one page, 4096 bytes", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new Emulator(config.withChunkSize(0)));
        assertThrows(IllegalArgumentException.class, () -> new Emulator(config.withRamSize(100)));
        assertThrows(IllegalArgumentException.class, () -> config.withDevices(List.of()));
    }

    @Test
    void onePageOfDeviceMemoryIsEnough() {
        try (Emulator emulator = new Emulator(config.withDeviceMemory(PAGE));
                Arena arena = Arena.ofConfined()) {
            Mm process = emulator.newProcess();
            long address = process.mmap(2 * PAGE, READ_WRITE);
            Dmirror file = emulator.device(0).open(process);
            MemorySegment buffer = arena.allocate(PAGE);
            for (int page = 0; page < 2; page++) {
                assertEquals(
                        Errno.OK,
                        file.execute(
                                        new DmirrorCommand.MigrateToDevice(
                                                address + (long) page * PAGE, 1, buffer))
                                .errno());
            }
            assertEquals(1, emulator.device(0).memory().statistics().evictedPages());
        }
    }

    @Test
    void kernelThatDoesNotBuildLeavesNothingOpen() {
        EmulatorConfig apart = config.withInPlace(false);
        for (int nth = 1; nth <= 3; nth++) {
            long made = faults.calls(CallKind.BUILD);
            faults.fail(CallKind.BUILD, made + nth, ClError.BUILD_PROGRAM_FAILURE);
            assertThrows(ClBuildException.class, () -> new Emulator(apart));
        }
        new Emulator(apart).close();
        faults.failNext(CallKind.BUILD, 2, ClError.BUILD_PROGRAM_FAILURE);
        assertThrows(ClBuildException.class, () -> new Emulator(config));
    }

    @Test
    void withoutNonTemporalStoresTheKernelsInPlaceDoWithout() {
        faults.failNext(CallKind.BUILD, ClError.BUILD_PROGRAM_FAILURE);
        try (Emulator emulator = new Emulator(config)) {
            CopyAbilities abilities = emulator.device(0).copyEngine().device().abilities();
            assertFalse(abilities.nonTemporalStores());
            assertFalse(
                    emulator.device(0)
                            .copyEngine()
                            .plan()
                            .methods()
                            .contains(CopyMethod.IN_PLACE_ITEM_NT));
        }
    }

    @Test
    void anyCallThatFailsWhileTheEmulatorIsMadeIsReported() {
        EmulatorConfig apart = config.withInPlace(false);
        for (CallKind kind : List.of(CallKind.CREATE_QUEUE, CallKind.CREATE_BUFFER, CallKind.MAP)) {
            for (int nth = 1; nth <= 2; nth++) {
                faults.fail(kind, faults.calls(kind) + nth, ClError.OUT_OF_HOST_MEMORY);
                ClException e = assertThrows(ClException.class, () -> new Emulator(apart));
                assertEquals(kind.call(), e.call());
            }
        }
        new Emulator(apart).close();
        for (int nth = 1; nth <= 3; nth++) {
            faults.fail(
                    CallKind.CREATE_BUFFER,
                    faults.calls(CallKind.CREATE_BUFFER) + nth,
                    ClError.OUT_OF_HOST_MEMORY);
            assertThrows(ClException.class, () -> new Emulator(config));
        }
        new Emulator(config).close();
    }

    @Test
    @Tag("T-4.10")
    void rangeThatDoesNotComeToRestIsBusyWhenTheTimeIsUp() {
        AtomicLong nanos = new AtomicLong();
        AtomicLong step = new AtomicLong();
        EmulatorConfig timed = config.withNanoClock(() -> nanos.getAndAdd(step.get()));
        try (Emulator emulator = new Emulator(timed);
                Arena arena = Arena.ofConfined()) {
            Mm process = emulator.newProcess();
            long address = process.mmap(PAGE, READ_WRITE);
            new CpuAccess(process).write(address, arena.allocate(PAGE));
            Dmirror first = emulator.device(0).open(process);
            Dmirror second = emulator.device(1).open(process);
            DmirrorCommand read = new DmirrorCommand.Read(address, 1, arena.allocate(PAGE));
            assertEquals(1, second.migrateToDevice(address, 1).movedPages());
            // The page comes back from the second device: that is a change of the range.
            step.set(600_000_000L);
            assertEquals(Errno.EBUSY, first.execute(read).errno());
            step.set(0);
            assertEquals(1, first.execute(read).faults());
        }
    }
}
