package farpage.opencl.kernel;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClKernel;
import farpage.opencl.ClProgram;
import farpage.opencl.ClQueue;
import farpage.opencl.WorkSize;
import farpage.opencl.kernel.layout.PagePairLayout;
import org.jspecify.annotations.Nullable;

/// Copies pages from one buffer to another by a list of pairs. Over memory that host and device
/// share it is a whole migration's copy in one launch, without any staging.
///
/// The program is shared; each [Launcher] has a kernel object of its own, so that several threads
/// launch at once.
///
/// @opencl copy_pages.cl
public final class CopyPages implements AutoCloseable {
    private static final String NAME = "copy_pages";
    private static final String NON_TEMPORAL = "-DFARPAGE_NON_TEMPORAL";

    /// Work-items in a group where each goes through a page of its own. Few, so that a small batch
    /// has work for every compute unit.
    private static final int ITEMS_PER_GROUP = 4;

    private static final long GROUP_SIZE = 128;

    private final ClDevice device;
    private final PageShape shape;
    private final ClProgram program;

    /// Builds the program.
    ///
    /// @param nonTemporal whether it stores past the caches, which is an extension of Clang
    /// @throws farpage.opencl.ClBuildException also where the compiler does not have that extension
    public CopyPages(ClContext context, ClDevice device, PageShape shape, boolean nonTemporal) {
        this.device = device;
        this.shape = shape;
        String options = shape.option() + (nonTemporal ? " " + NON_TEMPORAL : "");
        this.program = KernelSource.of(NAME).build(context, options.strip());
    }

    /// A kernel object with a list of pairs, for one thread at a time.
    ///
    /// @param pairs see [PagePairLayout]; it stays the caller's
    public Launcher launcher(ClBuffer pairs) {
        ClKernel kernel = program.createKernel(NAME);
        try {
            return new Launcher(kernel, pairs);
        } catch (ClException e) {
            kernel.close();
            throw e;
        }
    }

    @Override
    public void close() {
        program.close();
    }

    /// What launches the kernel. Arguments are set when they change.
    ///
    /// @opencl cl_kernel
    public final class Launcher implements AutoCloseable {
        private final ClKernel kernel;
        private final ClBuffer pairs;
        private final long groupSize;
        private @Nullable ClBuffer from;
        private @Nullable ClBuffer to;
        private int firstPair = -1;
        private int pairCount;
        private int pageShift;

        private Launcher(ClKernel kernel, ClBuffer pairs) {
            this.kernel = kernel;
            this.pairs = pairs;
            long most = kernel.maxWorkGroupSize(device);
            this.groupSize = Long.highestOneBit(Math.min(GROUP_SIZE, most));
            kernel.setBuffer(2, pairs);
        }

        /// Enqueues the copy of the pages of `count` pairs. That they lie in the buffers is the
        /// caller's business: the list is on the device.
        ///
        /// @param first where in the list to start
        public ClEvent launch(
                ClQueue queue,
                ClBuffer source,
                ClBuffer target,
                int first,
                int count,
                int shift,
                ClEvent... waitFor) {
            check(queue, first, count);
            setArguments(source, target, first, count, shift);
            return queue.launch(kernel, workSize(count), waitFor);
        }

        private void check(ClQueue queue, int first, int count) {
            if (!queue.device().equals(device)) {
                throw new IllegalArgumentException(
                        NAME + ": device=" + queue.device() + ", limit=" + device);
            }
            long limit = pairs.size() / PagePairLayout.SIZE;
            if (first < 0 || count <= 0 || (long) first + count > limit) {
                throw new IllegalArgumentException(
                        NAME + ": first=" + first + " count=" + count + ", limit=" + limit);
            }
        }

        @SuppressWarnings("ReferenceEquality") // a buffer is known by identity
        private void setArguments(
                ClBuffer source, ClBuffer target, int first, int count, int shift) {
            if (from != source) {
                kernel.setBuffer(0, source);
                from = source;
            }
            if (to != target) {
                kernel.setBuffer(1, target);
                to = target;
            }
            if (pageShift != shift) {
                kernel.setInt(5, shift);
                pageShift = shift;
            }
            if (firstPair != first) {
                kernel.setInt(3, first);
                firstPair = first;
            }
            if (pairCount != count) {
                kernel.setInt(4, count);
                pairCount = count;
            }
        }

        private WorkSize workSize(int count) {
            return switch (shape) {
                case ITEM_PER_PAGE -> WorkSize.covering(count, ITEMS_PER_GROUP);
                case GROUP_PER_PAGE -> WorkSize.perGroup(count, groupSize);
            };
        }

        @Override
        public void close() {
            kernel.close();
        }
    }
}
