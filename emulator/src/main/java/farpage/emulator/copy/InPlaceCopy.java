package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.opencl.ClBuffer;
import farpage.opencl.kernel.CopyPages;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The way of pages that a device reaches where they lie, on both sides: a kernel goes through a
/// list of them and copies each from its place to its place. Nothing is staged, and a long run is
/// no other than many pages. Pages of its own memory every device reaches so, those of RAM only one
/// that uses RAM in place.
///
/// A launch knows one buffer on each side, so a batch takes one for each pair of buffers in it.
///
/// @opencl copy_pages.cl, for RAM over CL_MEM_USE_HOST_PTR
final class InPlaceCopy implements CopyStrategy {
    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final CopyDevice device;
    private final PageBuffers buffers;
    private final HostWindows windows;
    private final CopyPages program;

    /// Lists that no flight has.
    private final Deque<PairList> free = new ArrayDeque<>();

    private final List<PairListMemory> memory = new ArrayList<>();

    /// What a flight keeps, and the state of filling its lists.
    private static final class Load {
        private final List<PairList> lists = new ArrayList<>();

        /// Pieces that wait for a launch of their own.
        private int[] waiting = new int[64];

        private @Nullable PairList list;
        private int first;
        private int end;
    }

    /// Loads that no flight has.
    private final Deque<Load> freeLoads = new ArrayDeque<>();

    /// @param program stays the caller's
    InPlaceCopy(CopyDevice device, PageBuffers buffers, CopyPages program) {
        this.device = device;
        this.buffers = buffers;
        this.windows = device.windows();
        this.program = program;
    }

    @Override
    public void start(CopyFlight flight) {
        Load load = takeLoad();
        flight.kept = load;
        CopyPieces pieces = flight.scattered;
        load.waiting = fit(load.waiting, pieces.count());
        int waiting = pieces.count();
        boolean isFirstPass = true;
        while (waiting > 0) {
            waiting = launchPass(flight, load, waiting, isFirstPass);
            isFirstPass = false;
        }
        flight.queue().flush();
    }

    private static int[] fit(int[] array, int size) {
        return size <= array.length ? array : new int[Math.max(size, 2 * array.length)];
    }

    /// Launches all pieces that lie in the same two buffers as the first that waits.
    ///
    /// @param isFirstPass whether all pieces wait, rather than those that are listed
    /// @return how many wait still, now listed
    @SuppressWarnings("ReferenceEquality") // a buffer is known by identity
    private int launchPass(CopyFlight flight, Load load, int count, boolean isFirstPass) {
        CopyPieces pieces = flight.scattered;
        PageBuffers sources = flight.isToDevice() ? windows : buffers;
        PageBuffers targets = flight.isToSystem() ? windows : buffers;
        ClBuffer source = null;
        ClBuffer target = null;
        int left = 0;
        for (int i = 0; i < count; i++) {
            int piece = isFirstPass ? i : load.waiting[i];
            long from = pieces.source(piece);
            long to = pieces.destination(piece);
            boolean isZero = pieces.isZero(piece);
            ClBuffer home = isZero ? source : sources.buffer(from);
            ClBuffer goal = targets.buffer(to);
            if (source == null) {
                source = home;
            }
            if (target == null) {
                target = goal;
            }
            if (goal != target || (home != source && !isZero)) {
                load.waiting[left++] = piece;
                continue;
            }
            long fromPlace = isZero ? 0 : PageSize.pageNumber(sources.offset(from));
            long toPlace = PageSize.pageNumber(targets.offset(to));
            for (int done = 0; done < pieces.length(piece); ) {
                PairList list = listWithRoom(flight, load, source, target);
                int part = Math.min(pieces.length(piece) - done, PairList.CAPACITY - load.end);
                list.fill(
                        load.end, part, isZero ? PairList.ZERO : fromPlace + done, toPlace + done);
                load.end += part;
                done += part;
            }
        }
        launch(flight, load, source, target);
        return left;
    }

    private PairList listWithRoom(
            CopyFlight flight, Load load, @Nullable ClBuffer source, @Nullable ClBuffer target) {
        PairList list = load.list;
        if (list == null || load.end == PairList.CAPACITY) {
            launch(flight, load, source, target);
            list = takeList();
            load.lists.add(list);
            load.list = list;
            load.first = 0;
            load.end = 0;
        }
        return list;
    }

    /// Launches what was listed since the last launch. Where all pages become zeros any buffer does
    /// as the source.
    private void launch(
            CopyFlight flight, Load load, @Nullable ClBuffer source, @Nullable ClBuffer target) {
        PairList list = load.list;
        if (list == null || load.end == load.first || target == null) {
            return;
        }
        flight.add(
                list.launch(
                        flight.queue(),
                        source == null ? list.buffer() : source,
                        target,
                        load.first,
                        load.end - load.first));
        flight.commands += list.commands();
        load.first = load.end;
    }

    @Override
    public void finish(CopyFlight flight) {
        if (flight.kept instanceof Load load) {
            flight.kept = null;
            lock.lock();
            free.addAll(load.lists);
            load.lists.clear();
            load.list = null;
            load.first = 0;
            load.end = 0;
            freeLoads.push(load);
            lock.unlock();
        }
    }

    private Load takeLoad() {
        lock.lock();
        try {
            Load load = freeLoads.poll();
            return load == null ? new Load() : load;
        } finally {
            lock.unlock();
        }
    }

    /// A list that nobody has; there are as many as flights needed at once.
    private PairList takeList() {
        lock.lock();
        try {
            PairList list = free.poll();
            if (list == null) {
                PairListMemory more = PairListMemory.open(device, program);
                memory.add(more);
                free.addAll(more.lists());
                list = free.remove();
            }
            return list;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        memory.forEach(PairListMemory::close);
        memory.clear();
        free.clear();
    }
}
