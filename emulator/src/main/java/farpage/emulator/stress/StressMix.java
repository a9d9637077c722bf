package farpage.emulator.stress;

import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;

/// How often an agent does what.
///
/// @kernel none
final class StressMix {
    private static final Map<StressOperation, Integer> CPU = weights(300, 300, 10, 10, 12, 8);
    private static final Map<StressOperation, Integer> DEVICE = weights(10, 10, 150, 150, 80, 60);

    private final StressOperation[] drawn;

    private StressMix(Map<StressOperation, Integer> weights) {
        int total = weights.values().stream().mapToInt(Integer::intValue).sum();
        drawn = new StressOperation[total];
        int next = 0;
        for (Map.Entry<StressOperation, Integer> weight : weights.entrySet()) {
            for (int i = 0; i < weight.getValue(); i++) {
                drawn[next++] = weight.getKey();
            }
        }
    }

    private static Map<StressOperation, Integer> weights(
            int load, int store, int deviceRead, int deviceWrite, int toDevice, int toSystem) {
        Map<StressOperation, Integer> weights = new EnumMap<>(StressOperation.class);
        weights.put(StressOperation.LOAD, load);
        weights.put(StressOperation.STORE, store);
        weights.put(StressOperation.DEVICE_READ, deviceRead);
        weights.put(StressOperation.DEVICE_WRITE, deviceWrite);
        weights.put(StressOperation.MIGRATE_TO_DEVICE, toDevice);
        weights.put(StressOperation.MIGRATE_TO_SYSTEM, toSystem);
        weights.put(StressOperation.SNAPSHOT, 5);
        return weights;
    }

    /// A thread of the program: it loads and stores, and now and then calls the system.
    static StressMix ofCpu() {
        Map<StressOperation, Integer> weights = new EnumMap<>(CPU);
        weights.put(StressOperation.REMAP, 8);
        weights.put(StressOperation.PROTECT, 8);
        weights.put(StressOperation.FORK, 2);
        weights.put(StressOperation.COLLAPSE, 6);
        return new StressMix(weights);
    }

    /// The thread that works with a device.
    static StressMix ofDevice() {
        Map<StressOperation, Integer> weights = new EnumMap<>(DEVICE);
        weights.put(StressOperation.RELEASE, 1);
        weights.put(StressOperation.MIGRATE_HUGE, 20);
        weights.put(StressOperation.COMPACT, 10);
        return new StressMix(weights);
    }

    /// Everything alike, for few steps.
    static StressMix even() {
        Map<StressOperation, Integer> weights = new EnumMap<>(StressOperation.class);
        for (StressOperation operation : StressOperation.values()) {
            weights.put(operation, 1);
        }
        return new StressMix(weights);
    }

    StressOperation draw(SplittableRandom random) {
        return drawn[random.nextInt(drawn.length)];
    }
}
