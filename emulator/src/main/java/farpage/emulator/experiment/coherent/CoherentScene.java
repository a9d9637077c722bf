package farpage.emulator.experiment.coherent;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.MigrateOffloadPlan;
import farpage.emulator.copy.OffloadProvider;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.MovePages;
import farpage.mm.numa.MemoryNode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/// A machine that has memory of one OpenCL device both ways, as much of each: a coherent device,
/// and node 1.
final class CoherentScene implements AutoCloseable {
    static final int NODE = 1;

    private static final int COHERENT_DEVICE = 1;

    private final Emulator emulator;
    private final EmulatedDevice device;

    /// @param config binding and OpenCL device; the sizes in it are not used
    /// @param ramSize of node 0
    /// @param bytes of the device's memory
    /// @param isolated whether only who names the node gets its pages
    CoherentScene(EmulatorConfig config, long ramSize, long bytes, boolean isolated) {
        MemoryNode node = MemoryNode.ofSize(bytes).withIsolation(isolated);
        EmulatorConfig own =
                config.withDeviceCount(1)
                        .withCoherentDeviceCount(1)
                        .withRamSize(ramSize)
                        .withDeviceMemory(bytes)
                        .withChunkSize(bytes)
                        .withCoherentNode(node)
                        .withMigrateOffload(MigrateOffloadPlan.of(OffloadProvider.DEVICE));
        try {
            emulator = new Emulator(own);
        } catch (IllegalArgumentException e) {
            // The sizes were checked; what is left is what the device can not do.
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY, String.valueOf(e.getMessage()));
        }
        device = emulator.device(COHERENT_DEVICE);
    }

    Emulator emulator() {
        return emulator;
    }

    Machine machine() {
        return emulator.machine();
    }

    /// The coherent device.
    EmulatedDevice device() {
        return device;
    }

    /// Memory of a process, with what it must contain.
    static final class Memory {
        final Mm mm;
        final CpuAccess cpu;
        final Dmirror mirror;
        final long start;
        final MemorySegment contents;
        private final long[] addresses;
        private final SplittableRandom random;

        Memory(Mm mm, Dmirror mirror, MemorySegment contents, long seed) {
            this.mm = mm;
            this.cpu = new CpuAccess(mm);
            this.mirror = mirror;
            this.contents = contents;
            this.random = new SplittableRandom(seed);
            this.start = mm.mmap(contents.byteSize(), VmFlags.READ | VmFlags.WRITE);
            this.addresses = new long[pages()];
            for (int i = 0; i < addresses.length; i++) {
                addresses[i] = start + PageSize.pageAddress(i);
            }
        }

        int pages() {
            return Math.toIntExact(PageSize.pageNumber(contents.byteSize()));
        }

        /// New contents, of which the memory knows nothing yet.
        void refill() {
            for (long at = 0; at < contents.byteSize(); at += Long.BYTES) {
                contents.set(ValueLayout.JAVA_LONG, at, random.nextLong());
            }
        }

        /// The CPU stores the contents from a page on.
        void store(int firstPage, int count) {
            MemorySegment part =
                    contents.asSlice(PageSize.pageAddress(firstPage), PageSize.pageAddress(count));
            check(cpu.write(addresses[firstPage], part));
        }

        /// The CPU loads all.
        void load(MemorySegment to) {
            check(cpu.read(start, to));
        }

        /// Compares what somebody read.
        ///
        /// @throws DataMismatchException if a byte differs
        void compare(String side, MemorySegment seen) {
            long difference = contents.mismatch(seen);
            if (difference >= 0) {
                long word = difference & -Long.BYTES;
                throw DataMismatchException.at(
                        side,
                        start + word,
                        contents.get(ValueLayout.JAVA_LONG, word),
                        seen.get(ValueLayout.JAVA_LONG, word));
            }
        }

        /// Moves pages to the node or to the device.
        ///
        /// @return pages that are on the node afterwards, or were taken by the device
        int moveIn(boolean isNode, int firstPage, int count) {
            if (isNode) {
                return moveTo(NODE, firstPage, count);
            }
            return Math.toIntExact(
                    checked(mirror.migrateToDevice(addresses[firstPage], count)).movedPages());
        }

        int moveOut(boolean isNode) {
            if (isNode) {
                return moveTo(0, 0, pages());
            }
            return Math.toIntExact(checked(mirror.migrateToSystem(start, pages())).movedPages());
        }

        private int moveTo(int node, int firstPage, int count) {
            int[] nodes = new int[count];
            int[] status = new int[count];
            Arrays.fill(nodes, node);
            long[] moving = Arrays.copyOfRange(addresses, firstPage, firstPage + count);
            Errno errno = MovePages.move(mm, moving, nodes, MempolicyFlags.MOVE, status);
            assert errno.isOk() : errno;
            int moved = 0;
            for (int each : status) {
                moved += each == node ? 1 : 0;
            }
            return moved;
        }

        /// Pages that lie on a node now.
        int pagesOn(int node) {
            return pagesOn(node, 0, pages());
        }

        /// Pages of a part that lie on a node now.
        int pagesOn(int node, int firstPage, int count) {
            int[] status = new int[count];
            long[] asked = Arrays.copyOfRange(addresses, firstPage, firstPage + count);
            Errno errno = MovePages.query(mm, asked, status);
            assert errno.isOk() : errno;
            int found = 0;
            for (int each : status) {
                found += each == node ? 1 : 0;
            }
            return found;
        }
    }

    private static MigrationResult checked(MigrationResult result) {
        if (!result.errno().isOk()) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    "a migration ended with " + result.errno().describe());
        }
        return result;
    }

    private static void check(FaultResult result) {
        if (result.isError()) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED, "an access ended with " + result);
        }
    }

    @Override
    public void close() {
        emulator.close();
    }
}
