package farpage.mm.migrate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class PhaseClockTest {
    private long now;
    private int reads;
    private final PhaseClock clock = new PhaseClock();

    private long nanoClock() {
        reads++;
        return now;
    }

    private void enter(MigratePhase phase, long nanos) {
        clock.enter(phase);
        now += nanos;
    }

    @Test
    void eachPhaseGetsTheTimeUntilTheNext() {
        clock.start(this::nanoClock);
        enter(MigratePhase.COLLECT, 3);
        enter(MigratePhase.COPY, 20);
        enter(MigratePhase.COLLECT, 4);
        clock.leave();
        now += 100;
        enter(MigratePhase.FINISH, 5);
        clock.leave();
        assertEquals(7, clock.nanos(MigratePhase.COLLECT));
        assertEquals(0, clock.nanos(MigratePhase.UNMAP));
        assertEquals(20, clock.nanos(MigratePhase.COPY));
        assertEquals(5, clock.nanos(MigratePhase.FINISH));
    }

    @Test
    void aClockThatStandsStillDoesNotLookAtTheTime() {
        enter(MigratePhase.COLLECT, 3);
        clock.leave();
        assertEquals(0, reads);
        clock.start(this::nanoClock);
        enter(MigratePhase.PAGES, 3);
        clock.leave();
        clock.stop();
        enter(MigratePhase.PAGES, 3);
        assertEquals(2, reads);
        assertEquals(3, clock.nanos(MigratePhase.PAGES));
    }

    @Test
    void aStartBeginsFromZero() {
        clock.start(this::nanoClock);
        enter(MigratePhase.UNMAP, 9);
        clock.start(this::nanoClock);
        enter(MigratePhase.COPY, 1);
        clock.leave();
        assertEquals(0, clock.nanos(MigratePhase.UNMAP));
        assertEquals(1, clock.nanos(MigratePhase.COPY));
    }
}
