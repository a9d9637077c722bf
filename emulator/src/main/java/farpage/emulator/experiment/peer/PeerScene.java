package farpage.emulator.experiment.peer;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.peer.PeerClient;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.peer.PeerStatistics;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// A machine with two devices in one design, and a range of memory that lives on the first one. A
/// read by the second one ends with the bytes in a buffer of its own and in memory of the host, in
/// every design.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: FIXTURE(hmm2)
final class PeerScene implements AutoCloseable {
    private static final long CHUNK_BYTES = 2L << 20;

    private final PeerDesign design;
    private final LongSupplier nanoClock;
    private final Arena arena = Arena.ofShared();
    private final Emulator emulator;
    private final CpuAccess cpu;
    private final Dmirror first;
    private final Dmirror second;
    private final long address;
    private final MemorySegment contents;
    private final MemorySegment seen;
    private final ClQueue queue;
    private final ClBuffer own;
    private final ClBuffer other;

    PeerScene(PeerDesign design, EmulatorConfig config, int pages, LongSupplier nanoClock) {
        this.design = design;
        this.nanoClock = nanoClock;
        long bytes = PageSize.pageAddress(pages);
        EmulatorConfig sized =
                config.withDeviceCount(2)
                        .withCoherentDeviceCount(0)
                        .withRamSize(2 * bytes + 4 * CHUNK_BYTES)
                        .withDeviceMemory(bytes + 2 * CHUNK_BYTES)
                        .withChunkSize(Math.max(CHUNK_BYTES, bytes))
                        .withPeerMode(design.mode())
                        .withNanoClock(nanoClock);
        this.emulator =
                new Emulator(
                        design.mode() == PeerMode.OFF
                                ? sized
                                : sized.withPeerTopology((_, _) -> design.route()));
        Mm process = emulator.newProcess();
        this.cpu = new CpuAccess(process);
        this.first = emulator.device(0).open(process);
        this.second = emulator.device(1).open(process);
        this.address = process.mmap(bytes, VmFlags.READ | VmFlags.WRITE);
        this.contents = arena.allocate(bytes, PageSize.PAGE_SIZE);
        this.seen = arena.allocate(bytes, PageSize.PAGE_SIZE);
        EmulatedDevice client = emulator.device(1);
        this.queue = client.context().createQueue(client.clDevice());
        this.own = client.context().createBuffer(bytes, ClMemoryFlag.READ_WRITE);
        this.other = client.context().createBuffer(bytes, ClMemoryFlag.READ_WRITE);
        seen.fill((byte) 1);
        queue.writeBlocking(own, 0, seen);
        queue.writeBlocking(other, 0, seen);
    }

    /// One round with ranges of a size: other contents each time, all of it compared.
    void measure(int pages, SplittableRandom random, PeerSamples samples) {
        long bytes = PageSize.pageAddress(pages);
        MemorySegment stored = contents.asSlice(0, bytes);
        for (long at = 0; at < bytes; at += Long.BYTES) {
            stored.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
        requireHandled(cpu.write(address, stored));
        pull(pages);
        samples.backAlone.add(timed(() -> back(pages)));
        pull(pages);
        long freed = freedPages();
        samples.first.add(timed(() -> read(pages)));
        samples.migratedPages = freedPages() - freed;
        verify(stored);
        long before = transferNanos();
        samples.again.add(timed(() -> read(pages)));
        samples.copy.add(transferNanos() - before);
        verify(stored);
        if (design != PeerDesign.TODAY) {
            long revoked = statistics().orElseThrow().revocations();
            samples.backShared.add(timed(() -> back(pages)));
            samples.revokedPages = statistics().orElseThrow().revocations() - revoked;
        }
        requireHandled(cpu.read(address, seen.asSlice(0, bytes)));
        verify(stored);
    }

    /// One plain copy from buffer to buffer.
    long rawNanos(int pages) {
        return timed(() -> {
            queue.enqueueCopy(own, 0, other, 0, PageSize.pageAddress(pages));
            queue.finish();
        });
    }

    /// Bytes of descriptors of a page besides its first one, in the kernel.
    int extraDescriptorBytes() {
        return emulator.device(0)
                .peers()
                .map(PeerClient::exports)
                .map(exports -> exports.extraKernelBytesPerPage())
                .orElse(0);
    }

    private long timed(Runnable work) {
        long start = nanoClock.getAsLong();
        work.run();
        return nanoClock.getAsLong() - start;
    }

    private void pull(int pages) {
        requireMoved(first.migrateToDevice(address, pages), pages);
    }

    private void back(int pages) {
        requireMoved(first.migrateToSystem(address, pages), pages);
    }

    private static void requireMoved(MigrationResult result, int pages) {
        if (!result.errno().isOk() || result.movedPages() != pages) {
            throw failed("a migration of " + pages + " pages: " + result);
        }
    }

    /// What comes from RAM goes to the device's buffer by a command of its own.
    private void read(int pages) {
        MemorySegment to = seen.asSlice(0, PageSize.pageAddress(pages));
        Errno errno = second.execute(new DmirrorCommand.Read(address, pages, to)).errno();
        if (!errno.isOk()) {
            throw failed("a read of " + pages + " pages: " + errno.describe());
        }
        if (design == PeerDesign.TODAY) {
            queue.writeBlocking(own, 0, to);
        }
    }

    private void verify(MemorySegment stored) {
        long at = stored.mismatch(seen.asSlice(0, stored.byteSize()));
        if (at >= 0) {
            long word = at & -Long.BYTES;
            throw DataMismatchException.at(
                    design.words(),
                    address + word,
                    stored.get(ValueLayout.JAVA_LONG, word),
                    seen.get(ValueLayout.JAVA_LONG, word));
        }
        seen.asSlice(0, stored.byteSize()).fill((byte) 0);
    }

    private static void requireHandled(FaultResult result) {
        if (result != FaultResult.HANDLED) {
            throw failed("an access of the CPU ended in " + result);
        }
    }

    private static WorkloadException failed(String what) {
        return new WorkloadException(
                WorkloadException.Reason.COPY_FAILED,
                what + "; right would be a device that works");
    }

    private long freedPages() {
        return emulator.device(0).memory().statistics().freedPages();
    }

    private Optional<PeerStatistics> statistics() {
        return emulator.device(1).peers().map(PeerClient::statistics);
    }

    private long transferNanos() {
        return statistics().map(PeerStatistics::transferNanos).orElse(0L);
    }

    @Override
    public void close() {
        other.close();
        own.close();
        queue.close();
        emulator.close();
        arena.close();
    }
}
