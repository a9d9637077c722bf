package farpage.device;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClEvent;
import farpage.opencl.ClQueue;
import farpage.opencl.kernel.ChecksumPages;
import farpage.opencl.kernel.PageChecksum;
import farpage.opencl.kernel.layout.LayoutProbe;
import farpage.opencl.kernel.layout.PageListLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Two devices in one context hand a buffer to each other. A program of its own, because PoCL reads
/// which devices it is to have from the environment when it is loaded; [TwoDevicesTest] starts it.
final class TwoDevices {
    private static final int PAGES = 64;
    private static final long SIZE = PAGES * 4096L;

    private TwoDevices() {}

    /// Fails with an exit code other than 0 when the devices do not agree.
    ///
    /// @param arguments the binding's name; `events` or `host`, for who waits between the devices
    public static void main(String[] arguments) {
        try (ClBinding binding = ClBindings.open(arguments[0])) {
            List<ClDevice> devices = binding.devices();
            require(devices.size() == 2, "devices: " + devices);
            ClDevice first = devices.get(0);
            ClDevice second = devices.get(1);
            try (Arena arena = Arena.ofConfined();
                    ClContext context = binding.createContext(first, second);
                    ClQueue firstQueue = context.createQueue(first);
                    ClQueue secondQueue = context.createQueue(second)) {
                boolean hostWaits = arguments[1].equals("host");
                handOver(arena, context, firstQueue, secondQueue, hostWaits);
                handOver(arena, context, secondQueue, firstQueue, hostWaits);
                for (ClDevice device : devices) {
                    List<String> differences = LayoutProbe.differences(context, device);
                    require(differences.isEmpty(), device + ": " + differences);
                }
                require(context.openObjects().size() == 2, context.openObjects().toString());
            }
            System.out.println("two devices agree: " + devices);
        }
    }

    /// One device writes, the other copies, checksums and reads, each waiting for the one before.
    ///
    /// @param hostWaits the host waits for the first device before the other one hears of the
    ///   event: PoCL's `basic` device locks up when an event of another device completes while a
    ///   command of its own waits for it
    private static void handOver(
            Arena arena, ClContext context, ClQueue one, ClQueue other, boolean hostWaits) {
        MemorySegment source = arena.allocate(SIZE, 64);
        MemorySegment target = arena.allocate(SIZE, 64);
        MemorySegment list = arena.allocate(PageListLayout.size(PAGES), 4);
        MemorySegment computed = arena.allocate(PAGES * 8L, 8);
        for (long at = 0; at < SIZE; at += 8) {
            source.set(ValueLayout.JAVA_LONG, at, (at + 1) * 0x9E3779B97F4A7C15L);
        }
        for (int page = 0; page < PAGES; page++) {
            PageListLayout.set(list, page, page);
        }
        try (ClBuffer a = context.createBuffer(SIZE);
                ClBuffer b = context.createBuffer(SIZE);
                ClBuffer pages = context.createBuffer(list.byteSize());
                ClBuffer sums = context.createBuffer(computed.byteSize());
                ChecksumPages checksum = new ChecksumPages(context, other.device());
                ClEvent written = awaitedIf(hostWaits, one.write(a, 0, source));
                ClEvent copied = other.copy(a, 0, b, 0, SIZE, written)) {
            one.flush();
            other.writeBlocking(pages, 0, list);
            checksum.launch(other, b, pages, 0, PAGES, sums, 0, 12, copied).close();
            other.readBlocking(sums, 0, computed);
            try (ClEvent read = one.read(b, 0, target, copied)) {
                read.await();
            }
        }
        require(source.mismatch(target) == -1, "bytes differ");
        for (int page = 0; page < PAGES; page++) {
            long expected = PageChecksum.of(source, page * 4096L, 4096);
            long actual = computed.getAtIndex(ValueLayout.JAVA_LONG, page);
            require(expected == actual, "checksum of page " + page);
        }
    }

    private static ClEvent awaitedIf(boolean hostWaits, ClEvent event) {
        if (hostWaits) {
            event.await();
        }
        return event;
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }
}
