package farpage.emulator.copy;

import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A batch under way: what is to be copied, and the events that tell when it is. It is used again
/// for a later batch once it was waited for.
///
/// It belongs to the thread that starts it, then to the one that waits for it.
///
/// @opencl cl_event
final class CopyFlight implements CopyFence {
    private final CopyEngine engine;

    /// Pieces that are a command each.
    final CopyPieces straight = new CopyPieces();

    /// Pieces that go the way of [#strategy].
    final CopyPieces scattered = new CopyPieces();

    final DistinctPages distinctPages = new DistinctPages();

    CopyDirection direction = CopyDirection.TO_DEVICE;
    @Nullable CopyStrategy strategy;

    /// What the strategy keeps with it until it ends.
    @Nullable Object kept;

    /// The queue for it, unless the strategy needs several.
    private @Nullable ClQueue queue;

    long startNanos;
    long commands;
    private @Nullable ClEvent[] events = new ClEvent[4];
    private int eventCount;
    private @Nullable ClException failure;
    private boolean underWay;

    CopyFlight(CopyEngine engine) {
        this.engine = engine;
    }

    /// Begins with nothing in it.
    void begin(CopyDirection way, ClQueue itsQueue, long now) {
        assert !underWay;
        underWay = true;
        direction = way;
        queue = itsQueue;
        startNanos = now;
        straight.clear();
        scattered.clear();
        strategy = null;
        kept = null;
        commands = 0;
        failure = null;
    }

    /// Waits, as a fence.
    @Override
    public CopyResult await() {
        assert underWay : "waited for twice";
        return engine.await(this);
    }

    /// It may be used again.
    void end() {
        underWay = false;
    }

    ClQueue queue() {
        ClQueue chosen = queue;
        assert chosen != null;
        return chosen;
    }

    boolean isToDevice() {
        return direction == CopyDirection.TO_DEVICE;
    }

    boolean isToSystem() {
        return direction == CopyDirection.TO_SYSTEM;
    }

    /// Where the device's side of a scattered piece begins.
    long devicePage(int piece) {
        return isToDevice() ? scattered.destination(piece) : scattered.source(piece);
    }

    /// Adds an event that the batch is not done before. It is taken over.
    void add(ClEvent event) {
        if (eventCount == events.length) {
            events = Arrays.copyOf(events, 2 * eventCount);
        }
        events[eventCount++] = event;
    }

    /// Waits for all events and closes them; what fails is the flight's [#failure].
    void awaitEvents() {
        for (int i = 0; i < eventCount; i++) {
            ClEvent event = events[i];
            events[i] = null;
            if (event == null) {
                continue;
            }
            try (event) {
                event.await();
            } catch (ClException e) {
                fail(e);
            }
        }
        eventCount = 0;
    }

    /// The first failure is kept.
    void fail(ClException e) {
        if (failure == null) {
            failure = e;
        } else if (!failure.equals(e)) {
            failure.addSuppressed(e);
        }
    }

    @Nullable ClException failure() {
        return failure;
    }
}
