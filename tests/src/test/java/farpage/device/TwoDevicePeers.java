package farpage.device;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.peer.PeerStatistics;
import farpage.mm.CpuAccess;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.hmm.P2pdmaRoutes.Route;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Emulated devices on two OpenCL devices load and store in each other's memory, directly and
/// through the host, by one page and by two. A program of its own as [TwoDevices] is.
final class TwoDevicePeers {
    private static final int PAGES = 48;
    private static final long SIZE = (long) PAGES * PageSize.PAGE_SIZE;
    private static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;

    private TwoDevicePeers() {}

    /// Fails with an exit code other than 0 when the devices do not agree.
    ///
    /// @param arguments the binding's name
    public static void main(String[] arguments) {
        try (ClBinding binding = ClBindings.open(arguments[0])) {
            List<ClDevice> devices = binding.devices();
            require(devices.size() == 2, "devices: " + devices);
            for (PeerMode mode : List.of(PeerMode.UNIFIED, PeerMode.TWO_PAGES)) {
                for (Route route : List.of(Route.BUS_ADDR, Route.THRU_HOST_BRIDGE)) {
                    for (List<ClDevice> order : List.of(devices, devices.reversed())) {
                        exchange(binding, order, mode, route);
                    }
                }
            }
            System.out.println("two devices agree: " + devices);
        }
    }

    private static void exchange(
            ClBinding binding, List<ClDevice> devices, PeerMode mode, Route route) {
        EmulatorConfig config =
                EmulatorConfig.of(binding, devices.getFirst())
                        .withDevices(devices)
                        .withRamSize(16L << 20)
                        .withDeviceMemory(8L << 20)
                        .withChunkSize(1L << 20)
                        .withPeerMode(mode)
                        .withPeerTopology((_, _) -> route);
        try (Arena arena = Arena.ofConfined();
                Emulator emulator = new Emulator(config)) {
            require(emulator.device(0).context().equals(emulator.device(1).context()), "contexts");
            Mm process = emulator.newProcess();
            CpuAccess cpu = new CpuAccess(process);
            Dmirror first = emulator.device(0).open(process);
            Dmirror second = emulator.device(1).open(process);
            long address = process.mmap(SIZE, READ_WRITE);
            MemorySegment bytes = pattern(arena, 1);
            var _ = cpu.write(address, bytes);
            MemorySegment seen = arena.allocate(SIZE, 64);
            requireOk(first, new DmirrorCommand.MigrateToDevice(address, PAGES, seen));
            requireOk(second, new DmirrorCommand.Read(address, PAGES, seen));
            requireSame(bytes, seen);
            MemorySegment more = pattern(arena, 2);
            requireOk(second, new DmirrorCommand.Write(address, PAGES, more));
            requireOk(first, new DmirrorCommand.Read(address, PAGES, seen));
            requireSame(more, seen);
            PeerStatistics done = emulator.device(1).peers().orElseThrow().statistics();
            boolean direct = route == Route.BUS_ADDR;
            require(done.directBytes() == (direct ? 2 * SIZE : 0), done.toString());
            require(done.stagedBytes() == (direct ? 0 : 2 * SIZE), done.toString());
            require(emulator.device(0).memory().statistics().livePages() == PAGES, "pages moved");
            EmulatorInvariants.assertHold(emulator);
            var _ = cpu.read(address, seen);
            requireSame(more, seen);
        }
    }

    private static MemorySegment pattern(Arena arena, int seed) {
        MemorySegment bytes = arena.allocate(SIZE, 64);
        for (long at = 0; at < SIZE; at += Long.BYTES) {
            bytes.set(ValueLayout.JAVA_LONG, at, (at + seed) * 0x9E3779B97F4A7C15L);
        }
        return bytes;
    }

    private static void requireOk(Dmirror device, DmirrorCommand command) {
        var reply = device.execute(command);
        require(reply.errno().isOk(), command + ": " + reply);
    }

    private static void requireSame(MemorySegment expected, MemorySegment actual) {
        require(expected.mismatch(actual) == -1, "bytes differ");
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }
}
