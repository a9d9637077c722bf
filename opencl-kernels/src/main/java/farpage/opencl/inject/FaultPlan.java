package farpage.opencl.inject;

import farpage.opencl.ClError;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which calls meet which fault, and the count of calls seen.
///
/// A plan is explicit, or drawn from a seed, or both; explicit faults go first. Calls of each kind
/// are counted from 1 in the order in which they arrive, so that with one thread a plan always hits
/// the same call. Everything may be called from any thread, also while the plan is in use.
///
/// @opencl None: faults are not part of the specification
public final class FaultPlan {
    private static final Fault NONE = new Fault.None();
    private static final int MILLION = 1_000_000;

    private final long seed;
    private final int perMillion;
    private final Set<CallKind> drawnKinds;
    private final ClError drawnError;
    private final Map<CallKind, Map<Long, Fault>> planned = new EnumMap<>(CallKind.class);
    private final Map<CallKind, Long> calls = new EnumMap<>(CallKind.class);
    private final List<String> injected = new ArrayList<>();

    private FaultPlan(long seed, int perMillion, Set<CallKind> kinds, ClError error) {
        this.seed = seed;
        this.perMillion = perMillion;
        this.drawnKinds = Set.copyOf(kinds);
        this.drawnError = error;
    }

    /// A plan without faults, to which they can be added.
    public static FaultPlan explicit() {
        return new FaultPlan(0, 0, Set.of(), ClError.SUCCESS);
    }

    /// A plan in which each call of the given kinds fails with a chance, drawn from the seed, the
    /// kind and the number of the call.
    ///
    /// @param perMillion the chance
    public static FaultPlan seeded(long seed, int perMillion, Set<CallKind> kinds, ClError error) {
        if (perMillion < 0 || perMillion > MILLION) {
            throw new IllegalArgumentException(
                    "FaultPlan: perMillion=" + perMillion + ", limit=" + MILLION);
        }
        return new FaultPlan(seed, perMillion, kinds, requireError(error));
    }

    /// Lets the nth call of a kind fail.
    ///
    /// @param nth counts from 1 over all calls of the kind that the plan sees, past ones included
    public FaultPlan fail(CallKind kind, long nth, ClError error) {
        return plan(kind, nth, new Fault.Fail(requireError(error)));
    }

    /// Lets the next call of a kind fail.
    public synchronized FaultPlan failNext(CallKind kind, ClError error) {
        return fail(kind, calls(kind) + 1, error);
    }

    /// Lets the nth write, read or copy move its first `size` bytes and then fail.
    public FaultPlan partial(CallKind kind, long nth, long size, ClError error) {
        requireTransfer(kind);
        if (size < 0) {
            throw new IllegalArgumentException("FaultPlan: size=" + size + ", limit=0");
        }
        return plan(kind, nth, new Fault.Partial(size, requireError(error)));
    }

    /// Lets the nth write, read or copy invert one byte and say nothing.
    public FaultPlan corrupt(CallKind kind, long nth, long offset) {
        requireTransfer(kind);
        if (offset < 0) {
            throw new IllegalArgumentException("FaultPlan: offset=" + offset + ", limit=0");
        }
        return plan(kind, nth, new Fault.Corrupt(offset));
    }

    private synchronized FaultPlan plan(CallKind kind, long nth, Fault fault) {
        if (nth <= calls(kind)) {
            throw new IllegalArgumentException(
                    "FaultPlan: nth=" + nth + ", limit=after " + calls(kind) + " " + kind);
        }
        planned.computeIfAbsent(kind, _ -> new HashMap<>()).put(nth, fault);
        return this;
    }

    /// Lets the next calls of a kind fail.
    public synchronized FaultPlan failNext(CallKind kind, int count, ClError error) {
        long seen = calls(kind);
        for (int nth = 1; nth <= count; nth++) {
            fail(kind, seen + nth, error);
        }
        return this;
    }

    /// Forgets the faults that were planned and not met.
    public synchronized FaultPlan forgetPlanned() {
        planned.clear();
        return this;
    }

    /// Counts a call and says what happens to it.
    synchronized Fault next(CallKind kind) {
        long number = calls.merge(kind, 1L, Long::sum);
        Fault fault = planned.getOrDefault(kind, Map.of()).get(number);
        if (fault == null && drawnKinds.contains(kind) && draw(kind, number) < perMillion) {
            fault = new Fault.Fail(drawnError);
        }
        if (fault == null) {
            return NONE;
        }
        injected.add(kind.call() + " " + number + ": " + fault);
        return fault;
    }

    /// A number below a million, spread evenly.
    private long draw(CallKind kind, long number) {
        long z = seed + 0x9E3779B97F4A7C15L * (number * 31 + kind.call().hashCode());
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return Long.remainderUnsigned(z ^ (z >>> 31), MILLION);
    }

    /// How many calls of a kind were seen.
    public synchronized long calls(CallKind kind) {
        return calls.getOrDefault(kind, 0L);
    }

    /// What was done so far, one line for each fault.
    public synchronized List<String> injected() {
        return List.copyOf(injected);
    }

    private static ClError requireError(ClError error) {
        if (error.equals(ClError.SUCCESS)) {
            throw new IllegalArgumentException("FaultPlan: error=" + error + ", limit=an error");
        }
        return error;
    }

    private static void requireTransfer(CallKind kind) {
        if (!kind.isTransfer()) {
            throw new IllegalArgumentException(
                    "FaultPlan: kind=" + kind + ", limit=WRITE, READ or COPY");
        }
    }
}
