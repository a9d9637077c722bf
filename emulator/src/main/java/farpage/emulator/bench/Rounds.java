package farpage.emulator.bench;

import java.util.List;

/// Takes moves and what they are compared with in turn, so that all meet the same machine. Which
/// one goes first changes from round to round, because each finds the caches as the one before left
/// them.
///
/// Several moves are taken when one leaves what the next one needs, as the way there and the way
/// back do.
///
/// @kernel None: a way of measuring
final class Rounds {
    private final MoveClocks clocks;
    private final RoundPlan plan;

    Rounds(MoveClocks clocks, RoundPlan plan) {
        this.clocks = clocks;
        this.plan = plan;
    }

    /// Measures. The first round in which data are wrong is the last.
    ///
    /// @param between is called before each round; it may throw to stop
    /// @return what was found of each move, in their order
    List<Throughput> measure(List<? extends BenchMove> moves, Runnable between) {
        List<RoundSamples> all = moves.stream().map(move -> new RoundSamples(move, plan)).toList();
        boolean isWarm = false;
        boolean isRight = true;
        int counted = 0;
        CompilerRest compiler =
                new CompilerRest(clocks.wall(), clocks.compiler(), plan.settleNanos());
        long start = 0;
        for (int round = 0;
                isRight && !(isWarm && plan.isEnough(counted, clocks.wall().getAsLong() - start));
                round++) {
            between.run();
            boolean willBeWarm = true;
            for (RoundSamples samples : all) {
                RoundTimes taken = round(samples, round);
                willBeWarm &= samples.isWarm(round + 1, taken.move());
                isRight &= samples.isRight();
            }
            if (isWarm || !isRight) {
                all.forEach(RoundSamples::keep);
            }
            counted += isWarm ? 1 : 0;
            if (!isWarm && willBeWarm && compiler.isAtRest()) {
                isWarm = true;
                start = clocks.wall().getAsLong();
            }
        }
        return all.stream().map(RoundSamples::result).toList();
    }

    private RoundTimes round(RoundSamples samples, int round) {
        samples.move().prepare(round);
        RoundTimes taken = take(samples.move(), round);
        samples.take(taken, samples.move().verify(round));
        return taken;
    }

    private RoundTimes take(BenchMove move, int round) {
        int actions = move.hasPattern() ? 3 : 2;
        RoundTimes times = new RoundTimes(0, 0, 0, 0, 0);
        for (int i = 0; i < actions; i++) {
            times =
                    switch ((round + i) % actions) {
                        case 0 -> takeMove(move, times);
                        case 1 -> times.withRaw(time(move::raw));
                        default -> times.withPattern(time(move::pattern));
                    };
        }
        return times;
    }

    private RoundTimes takeMove(BenchMove move, RoundTimes others) {
        long cpuStart = clocks.cpu().getAsLong();
        long start = clocks.wall().getAsLong();
        move.move();
        long end = clocks.wall().getAsLong();
        long cpu = clocks.cpu().getAsLong() - cpuStart;
        return new RoundTimes(
                Math.max(1, end - start),
                others.raw(),
                others.pattern(),
                Math.max(1, move.firstPageAt() - start),
                cpu);
    }

    private long time(Runnable action) {
        long start = clocks.wall().getAsLong();
        action.run();
        return Math.max(1, clocks.wall().getAsLong() - start);
    }
}
