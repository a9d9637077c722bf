package farpage.mm.testing;

import farpage.mm.Mm;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.notifier.MmuNotifierSubscriptions.Insertion;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Assertions;

/// A mirror of a whole process that mirrors nothing: it notes what it is told, as a driver must,
/// with the sequence stored each time.
public final class EventLog implements AutoCloseable {
    private final List<MmuNotifierRange> ranges = new CopyOnWriteArrayList<>();
    private final MmuIntervalNotifier notifier;

    public EventLog(Mm mm) {
        Insertion insertion =
                mm.notifiers()
                        .insert(
                                0,
                                Long.MAX_VALUE,
                                (own, range, sequence) -> {
                                    own.setSequence(sequence);
                                    ranges.add(range);
                                    return true;
                                });
        notifier = Assertions.assertInstanceOf(Insertion.Inserted.class, insertion).notifier();
    }

    public MmuIntervalNotifier notifier() {
        return notifier;
    }

    /// What was told since the last call.
    public List<MmuNotifierRange> take() {
        List<MmuNotifierRange> taken = List.copyOf(ranges);
        ranges.clear();
        return taken;
    }

    /// The kinds of what was told since the last call.
    public List<MmuNotifierRange.Event> takeEvents() {
        return take().stream().map(MmuNotifierRange::event).toList();
    }

    /// Whether the event has this owner.
    @SuppressWarnings("ReferenceEquality") // an owner is known by identity
    public static boolean isOf(MmuNotifierRange range, Object owner) {
        return Objects.requireNonNull(range.owner()) == owner;
    }

    @Override
    public void close() {
        notifier.close();
    }
}
