package farpage.emulator.bench;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;

/// The device's own rate for transfers of one size: a plain blocking write, read, or copy within
/// the device, between buffers of the kind that turned out best for it.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueCopyBuffer
final class RawTransfer implements AutoCloseable {
    private static final int TRIALS = 5;

    private final ClContext context;
    private final ClDevice device;
    private final ClQueue queue;
    private final long bytes;
    private final LongSupplier nanoClock;
    private final List<RawBuffers> open = new ArrayList<>();
    private final Map<TransferDirection, RawKind> kinds = new EnumMap<>(TransferDirection.class);
    private final Map<TransferDirection, Runnable> actions = new EnumMap<>(TransferDirection.class);

    /// Nothing is made before it is needed.
    ///
    /// @param context of the buffers
    /// @param device of the queue
    RawTransfer(ClContext context, ClDevice device, long bytes, LongSupplier nanoClock) {
        this.context = context;
        this.device = device;
        this.bytes = bytes;
        this.nanoClock = nanoClock;
        this.queue = context.createQueue(device);
    }

    long bytes() {
        return bytes;
    }

    /// Finds the best kind for a direction, unless it is known, so that [#run] does nothing but
    /// transfer.
    void prepare(TransferDirection direction) {
        if (actions.containsKey(direction)) {
            return;
        }
        RawKind kind = best(direction);
        kinds.put(direction, kind);
        List<RawBuffers> made = make(direction, kind);
        open.addAll(made);
        actions.put(direction, action(direction, made));
    }

    /// One kind at a time, so that no more memory is taken than for one.
    private RawKind best(TransferDirection direction) {
        RawKind best = RawKind.PLAIN;
        long least = Long.MAX_VALUE;
        for (RawKind kind : RawKind.values()) {
            List<RawBuffers> made = List.of();
            try {
                made = make(direction, kind);
                long nanos = median(action(direction, made));
                if (nanos < least) {
                    least = nanos;
                    best = kind;
                }
            } catch (ClException refused) {
                // The driver has no such memory, so nobody could use it; plain memory it must have.
                if (kind == RawKind.PLAIN) {
                    throw refused;
                }
            } finally {
                made.forEach(RawBuffers::close);
            }
        }
        return best;
    }

    /// A transfer within the device needs two buffers.
    private List<RawBuffers> make(TransferDirection direction, RawKind kind) {
        RawBuffers first = new RawBuffers(context, device, queue, bytes, kind);
        if (direction != TransferDirection.D2D) {
            return List.of(first);
        }
        try {
            return List.of(first, new RawBuffers(context, device, queue, bytes, kind));
        } catch (ClException refused) {
            first.close();
            throw refused;
        }
    }

    private Runnable action(TransferDirection direction, List<RawBuffers> made) {
        RawBuffers first = made.getFirst();
        return switch (direction) {
            case H2D -> first::write;
            case D2H -> first::read;
            case D2D -> {
                ClBuffer from = first.buffer();
                ClBuffer to = made.getLast().buffer();
                yield () -> {
                    queue.enqueueCopy(from, 0, to, 0, bytes);
                    queue.finish();
                };
            }
        };
    }

    private long median(Runnable action) {
        long[] nanos = new long[TRIALS];
        action.run();
        for (int trial = 0; trial < TRIALS; trial++) {
            long start = nanoClock.getAsLong();
            action.run();
            nanos[trial] = nanoClock.getAsLong() - start;
        }
        Arrays.sort(nanos);
        return nanos[TRIALS / 2];
    }

    /// Transfers; to be timed.
    void run(TransferDirection direction) {
        Objects.requireNonNull(actions.get(direction)).run();
    }

    /// The kind of buffers that a direction turned out best with, for people.
    String kind(TransferDirection direction) {
        return Objects.requireNonNull(kinds.get(direction)).toString();
    }

    @Override
    public void close() {
        open.forEach(RawBuffers::close);
        open.clear();
        queue.close();
    }
}
