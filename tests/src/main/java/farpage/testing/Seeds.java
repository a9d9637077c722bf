package farpage.testing;

import java.security.SecureRandom;
import java.util.SplittableRandom;

/// The seeds of tests. One number seeds the whole suite; each test draws its own from that and its
/// name, so that a test sees the same numbers whether it runs alone or with all others.
///
/// The suite's number is the system property `farpage.seed`, or a fresh one for each run.
///
/// @kernel none; lib/random32.c: prandom_seed_state is the nearest
public final class Seeds {
    private static final String PROPERTY = "farpage.seed";
    private static final long SUITE = Long.getLong(PROPERTY, new SecureRandom().nextInt());

    private Seeds() {}

    /// The number of this run.
    public static long suite() {
        return SUITE;
    }

    /// The seed of one test.
    public static long of(String test) {
        long seed = SUITE;
        for (int i = 0; i < test.length(); i++) {
            seed = (seed ^ test.charAt(i)) * 0x100_0000_01b3L;
        }
        return seed ^ seed >>> 29;
    }

    /// Random numbers for one test.
    public static SplittableRandom random(String test) {
        return new SplittableRandom(of(test));
    }

    /// The command that runs one test class again with the numbers of this run.
    public static String reproduce(Class<?> test) {
        return "./check -pl tests -am -Dsurefire.failIfNoSpecifiedTests=false -Dtest="
                + test.getSimpleName()
                + " -D"
                + PROPERTY
                + "="
                + SUITE;
    }
}
