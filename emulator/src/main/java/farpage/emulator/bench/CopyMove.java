package farpage.emulator.bench;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyResult;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.SplittableRandom;

/// Batches of copies that the engine carries out, as many at a time as the row says. The batches
/// are made before; their execution is what is timed.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueCopyBuffer, clEnqueueNDRangeKernel
final class CopyMove implements BenchMove {
    private final CopyScene scene;
    private final CopyCase row;
    private final boolean corrupts;
    private final MemorySegment ram;
    private final RawTransfer raw;
    private final Optional<MemcpyPattern> pattern;
    private final int count;

    /// Page numbers on either side, by the place of a pair in the order of copying.
    private final long[] sourceNumbers;

    private final long[] targetNumbers;
    private final long[] devicePagesOfMove;
    private final long[] patternFrom;
    private final long[] patternTo;
    private final CopyBatch[] batches;
    private final CopyFence[] fences;
    private Optional<CopyResult.Failed> failed = Optional.empty();
    private long firstPageAt;

    /// @param corrupts inverts one byte of each move's result, to see that it is noticed
    CopyMove(CopyScene scene, CopyCase row, long seed, boolean corrupts) {
        this.scene = scene;
        this.row = row;
        this.corrupts = corrupts;
        this.ram = scene.ram().segment();
        this.raw = scene.references().raw(row.bytes());
        raw.prepare(row.direction());
        this.pattern = scene.references().pattern(patternBytes());
        this.count = row.pageCount();
        int spanPages = Math.toIntExact(PageSize.pageNumber(scene.spanBytes()));
        boolean isWithin = row.direction() == TransferDirection.D2D;
        SplittableRandom random = new SplittableRandom(seed);
        this.sourceNumbers = PageChoice.choose(row.layout(), spanPages, count, 0, random);
        this.targetNumbers =
                isWithin
                        ? PageChoice.others(row.layout(), spanPages, sourceNumbers, random)
                        : PageChoice.choose(row.layout(), spanPages, count, 0, random);
        this.patternFrom = MemcpyPattern.offsets(sourceNumbers);
        long[] to = MemcpyPattern.offsets(targetNumbers);
        this.patternTo =
                pattern.map(memcpy -> memcpy.apart(patternFrom, to, PageSize.PAGE_SIZE)).orElse(to);
        this.devicePagesOfMove = new long[count];
        for (int i = 0; i < count; i++) {
            devicePagesOfMove[i] =
                    Page.ofDevicePfn(
                            row.direction() == TransferDirection.D2H
                                    ? sourceNumbers[i]
                                    : targetNumbers[i]);
        }
        this.batches = batches();
        this.fences = new CopyFence[row.inFlight()];
    }

    /// A page more, for places that are moved apart.
    private long patternBytes() {
        return scene.spanBytes() + PageSize.PAGE_SIZE;
    }

    private CopyBatch[] batches() {
        int size = row.batchPages();
        CopyBatch[] made = new CopyBatch[count / size];
        for (int i = 0; i < made.length; i++) {
            made[i] = new CopyBatch(size);
            for (int j = i * size; j < (i + 1) * size; j++) {
                made[i].add(source(j), target(j));
            }
        }
        return made;
    }

    private long source(int at) {
        return row.direction() == TransferDirection.H2D
                ? Page.ofPfn(sourceNumbers[at])
                : Page.ofDevicePfn(sourceNumbers[at]);
    }

    private long target(int at) {
        return row.direction() == TransferDirection.D2H
                ? Page.ofPfn(targetNumbers[at])
                : Page.ofDevicePfn(targetNumbers[at]);
    }

    @Override
    public long bytes() {
        return row.bytes();
    }

    @Override
    public void prepare(long round) {
        switch (row.direction()) {
            case H2D -> {
                for (int i = 0; i < count; i++) {
                    scene.contents().fill(ram, HostMemory.offset(source(i)), i, round);
                }
            }
            case D2H -> scene.devicePages().fill(devicePagesOfMove, count, round);
            case D2D -> {
                long[] sources = new long[count];
                for (int i = 0; i < count; i++) {
                    sources[i] = source(i);
                }
                scene.devicePages().fill(sources, count, round);
            }
        }
    }

    @Override
    public void move() {
        CopyEngine engine = scene.engine();
        int inFlight = fences.length;
        for (int i = 0; i < batches.length; i++) {
            if (i >= inFlight) {
                await(i - inFlight);
            }
            fences[i % inFlight] =
                    switch (row.direction()) {
                        case H2D -> engine.startToDevice(batches[i]);
                        case D2H -> engine.startToSystem(batches[i]);
                        case D2D -> done(engine.withinDevice(batches[i]));
                    };
        }
        for (int i = Math.max(0, batches.length - inFlight); i < batches.length; i++) {
            await(i);
        }
    }

    private static CopyFence done(CopyResult result) {
        return () -> result;
    }

    private void await(int batch) {
        if (fences[batch % fences.length].await() instanceof CopyResult.Failed failure) {
            failed = Optional.of(failure);
        }
        if (batch == 0) {
            firstPageAt = scene.clocks().wall().getAsLong();
        }
    }

    @Override
    public long firstPageAt() {
        return firstPageAt;
    }

    @Override
    public void raw() {
        raw.run(row.direction());
    }

    @Override
    public boolean hasPattern() {
        return pattern.isPresent();
    }

    @Override
    public void pattern() {
        pattern.orElseThrow().copy(patternFrom, patternTo, PageSize.PAGE_SIZE);
    }

    @Override
    public Optional<String> verify(long round) {
        if (failed.isPresent()) {
            return Optional.of("a batch failed: " + failed.get().cause().getMessage());
        }
        if (corrupts) {
            corrupt((int) (round % count));
        }
        if (row.direction() != TransferDirection.D2H) {
            return scene.devicePages().mismatch(devicePagesOfMove, count, round);
        }
        for (int i = 0; i < count; i++) {
            int wrong = scene.contents().mismatch(ram, HostMemory.offset(target(i)), i, round);
            if (wrong >= 0) {
                return Optional.of("byte %d of page %d in RAM is wrong".formatted(wrong, i));
            }
        }
        return Optional.empty();
    }

    private void corrupt(int at) {
        int offset = (at * Long.BYTES + 1) % PageSize.PAGE_SIZE;
        if (row.direction() == TransferDirection.D2H) {
            long where = HostMemory.offset(target(at)) + offset;
            byte right = ram.get(ValueLayout.JAVA_BYTE, where);
            ram.set(ValueLayout.JAVA_BYTE, where, (byte) ~right);
        } else {
            scene.devicePages().corrupt(target(at), offset);
        }
    }
}
