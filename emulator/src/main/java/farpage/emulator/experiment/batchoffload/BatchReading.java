package farpage.emulator.experiment.batchoffload;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// What the figures of `experiment batch-offload` say, in sentences. Every number in them is from
/// the run itself.
final class BatchReading {
    private static final double MICRO = 1e3;
    private static final double PERCENT = 100;

    private final BatchMeasurement measured;

    BatchReading(BatchMeasurement measured) {
        this.measured = measured;
    }

    List<String> findings() {
        List<String> found = new ArrayList<>();
        for (int order : measured.plan().orders()) {
            List<Integer> batches =
                    BatchPlan.BATCHES.stream()
                            .filter(batch -> measured.plan().has(order, batch))
                            .toList();
            found.add(gain(order, batches.getLast()));
            found.add(price(order, batches.getLast()));
        }
        return found;
    }

    /// Who was fastest, and how much there was to gain.
    private String gain(int order, int batch) {
        BatchCase today = measured.find(order, batch, CopyWay.TODAY);
        BatchCase best =
                Arrays.stream(CopyWay.values())
                        .filter(way -> way != CopyWay.TODAY)
                        .map(way -> measured.find(order, batch, way))
                        .max(Comparator.comparingDouble(measured::gbps))
                        .orElseThrow();
        double ceiling = 1 / Math.max(1e-3, 1 - today.copyShare());
        return String.format(
                Locale.ROOT,
                "%s folios in batches of %d: copying is %.0f %% of the time today, so a copy for"
                        + " nothing would make it %.2f times as fast; the best batch copy (%s) makes"
                        + " it %.2f times as fast, %.2f against %.2f GB/s. Plain memcpy: %.2f GB/s.",
                folio(order),
                batch,
                PERCENT * today.copyShare(),
                ceiling,
                best.way().label(),
                measured.gbps(best) / measured.gbps(today),
                measured.gbps(best),
                measured.gbps(today),
                measured.plainGbps(order));
    }

    /// What a folio pays for being in a batch.
    private String price(int order, int batch) {
        BatchCase alone = measured.find(order, 1, CopyWay.TODAY);
        BatchCase today = measured.find(order, batch, CopyWay.TODAY);
        BatchCase device = measured.find(order, batch, CopyWay.DEVICE);
        return String.format(
                Locale.ROOT,
                "A folio of %s can not be used for %.1f µs (p99 %.1f) when it moves alone; in a batch"
                        + " of %d for %.1f µs (p99 %.1f) today and %.1f µs (p99 %.1f) where the device"
                        + " copies the batch.",
                folio(order),
                alone.away().median() / MICRO,
                alone.away().p99() / MICRO,
                batch,
                today.away().median() / MICRO,
                today.away().p99() / MICRO,
                device.away().median() / MICRO,
                device.away().p99() / MICRO);
    }

    private String folio(int order) {
        return BatchTables.size(measured.plan().folioBytes(order));
    }

    /// What may not be concluded.
    List<String> limits(boolean isUnified) {
        List<String> limits = new ArrayList<>();
        limits.add(
                "Unmapping and moving are those of a model: arrays for page tables and folios, and"
                        + " nobody sends interrupts to flush TLBs. What part of the whole a copy is"
                        + " depends on that.");
        limits.add(
                "There is one node: sources and destinations lie in the same memory, and no link"
                        + " between sockets limits a copy.");
        if (isUnified) {
            limits.add(
                    "This device is the host's own processors: what it copies it takes from whatever"
                            + " else would run there, and it has no engine that works beside them.");
        }
        return limits;
    }
}
