package farpage.testing;

import java.util.Map;
import java.util.function.LongFunction;

/// Tries a scene under many interleavings, each a number. The same few hundred are tried in each
/// run of a test and some are drawn from the seed of the suite; the property `farpage.interleaving`
/// tries one alone.
///
/// @kernel none
public final class Interleavings {
    private static final String PROPERTY = "farpage.interleaving";
    private static final String COUNT_PROPERTY = "farpage.interleavings";

    private Interleavings() {}

    /// What is tried: threads that are stepped, and what must hold when they are done.
    ///
    /// @kernel none
    public interface Scene extends AutoCloseable {
        /// What each thread does, by its name.
        Map<String, Runnable> bodies();

        /// Fails if something does not hold afterwards.
        void verify();

        @Override
        void close();
    }

    /// Tries numbers `0` to `fixed - 1` and drawn ones.
    ///
    /// @param fresh how many are drawn if the property does not say
    /// @param scenes makes the scene for an interleaving
    public static void explore(
            Class<?> test, int fixed, int fresh, LongFunction<? extends Scene> scenes) {
        Long only = Long.getLong(PROPERTY);
        if (only != null) {
            tryOne(test, only, scenes);
            return;
        }
        var drawn = Seeds.random(test.getName());
        int count = fixed + Integer.getInteger(COUNT_PROPERTY, fresh);
        for (int i = 0; i < count; i++) {
            tryOne(test, i < fixed ? i : drawn.nextLong(), scenes);
        }
    }

    /// A scene that failed is not closed: its threads hold what they hold.
    private static void tryOne(Class<?> test, long number, LongFunction<? extends Scene> scenes) {
        Scene scene = scenes.apply(number);
        try {
            new SteppedRunner(number).run(scene.bodies());
            scene.verify();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    e.getMessage()
                            + "\nagain with: "
                            + Seeds.reproduce(test)
                            + " -D"
                            + PROPERTY
                            + "="
                            + number,
                    e);
        }
        scene.close();
    }
}
