package farpage.emulator.stress;

import java.util.EnumMap;
import java.util.EnumSet;
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
    ///
    /// @param onFile whether the memory is a file's
    static StressMix ofCpu(boolean onFile) {
        Map<StressOperation, Integer> weights = new EnumMap<>(CPU);
        if (onFile) {
            weights.put(StressOperation.FILE_READ, 40);
            weights.put(StressOperation.FILE_WRITE, 20);
            weights.put(StressOperation.SYNC, 1);
        }
        weights.put(StressOperation.REMAP, 8);
        weights.put(StressOperation.PROTECT, 8);
        weights.put(StressOperation.FORK, 2);
        weights.put(StressOperation.COLLAPSE, 6);
        return new StressMix(weights);
    }

    /// The thread that works with a device.
    ///
    /// @param joins whether it joins base pages
    static StressMix ofDevice(boolean joins) {
        Map<StressOperation, Integer> weights = new EnumMap<>(DEVICE);
        if (joins) {
            weights.put(StressOperation.JOIN, 10);
        }
        weights.put(StressOperation.RELEASE, 1);
        weights.put(StressOperation.MIGRATE_HUGE, 20);
        weights.put(StressOperation.COMPACT, 10);
        return new StressMix(weights);
    }

    /// Everything alike, for few steps.
    ///
    /// @param onFile whether the memory is a file's
    /// @param joins whether devices join base pages
    static StressMix even(boolean onFile, boolean joins) {
        Map<StressOperation, Integer> weights = new EnumMap<>(StressOperation.class);
        for (StressOperation operation :
                EnumSet.range(StressOperation.LOAD, StressOperation.COMPACT)) {
            weights.put(operation, 1);
        }
        if (onFile) {
            weights.put(StressOperation.FILE_READ, 1);
            weights.put(StressOperation.FILE_WRITE, 1);
            weights.put(StressOperation.SYNC, 1);
        }
        if (joins) {
            weights.put(StressOperation.JOIN, 1);
        }
        return new StressMix(weights);
    }

    StressOperation draw(SplittableRandom random) {
        return drawn[random.nextInt(drawn.length)];
    }
}
