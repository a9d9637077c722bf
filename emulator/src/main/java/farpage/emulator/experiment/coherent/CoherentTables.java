package farpage.emulator.experiment.coherent;

import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import farpage.emulator.experiment.Quantiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The figures on coherent memory as tables.
final class CoherentTables {
    private static final List<FindingColumn> MOVES =
            List.of(
                    FindingColumn.of("design", "memory as", FindingUnit.TEXT),
                    FindingColumn.of("moveInMicros", "in, µs", FindingUnit.MICROS),
                    FindingColumn.of("moveInMicros", "p90", FindingUnit.MICROS_P90),
                    FindingColumn.of("moveInNanosPerPage", "ns a page", FindingUnit.NUMBER),
                    FindingColumn.of("moveInGbps", "GB/s", FindingUnit.GBPS),
                    FindingColumn.of("moveOutMicros", "out, µs", FindingUnit.MICROS),
                    FindingColumn.of("moveOutMicros", "p90", FindingUnit.MICROS_P90),
                    FindingColumn.of("moveOutNanosPerPage", "ns a page", FindingUnit.NUMBER),
                    FindingColumn.of("moveOutGbps", "GB/s", FindingUnit.GBPS),
                    FindingColumn.hidden("bytes", FindingUnit.BYTES));

    private static final List<FindingColumn> ACCESSES =
            List.of(
                    FindingColumn.of("design", "memory as", FindingUnit.TEXT),
                    FindingColumn.of("cpuReadGbps", "CPU loads", FindingUnit.GBPS),
                    FindingColumn.of("cpuWriteGbps", "CPU stores", FindingUnit.GBPS),
                    FindingColumn.of("deviceReadGbps", "kernel reads", FindingUnit.GBPS),
                    FindingColumn.of("deviceWriteGbps", "device stores", FindingUnit.GBPS),
                    FindingColumn.hidden("bytes", FindingUnit.BYTES));

    private static final List<FindingColumn> SINGLE =
            List.of(
                    FindingColumn.of("what", "one page", FindingUnit.TEXT),
                    FindingColumn.of("micros", "p50", FindingUnit.MICROS),
                    FindingColumn.of("micros", "p90", FindingUnit.MICROS_P90),
                    FindingColumn.of("micros", "p99", FindingUnit.MICROS_P99));

    private static final List<FindingColumn> SHORTAGE =
            List.of(
                    FindingColumn.of("isolation", "memory as", FindingUnit.TEXT),
                    FindingColumn.of("strangerPages", "strangers", FindingUnit.COUNT),
                    FindingColumn.of("missed", "fell back", FindingUnit.COUNT),
                    FindingColumn.of("demoted", "demoted", FindingUnit.COUNT),
                    FindingColumn.of("swapped", "swapped", FindingUnit.COUNT),
                    FindingColumn.of("ownPagesLeft", "own left", FindingUnit.COUNT),
                    FindingColumn.of("strangerMillis", "fill, ms", FindingUnit.NUMBER),
                    FindingColumn.of("restPages", "got", FindingUnit.COUNT),
                    FindingColumn.of("restMillis", "in ms", FindingUnit.NUMBER),
                    FindingColumn.of("ownPagesKept", "own kept", FindingUnit.COUNT),
                    FindingColumn.of("swappedForRest", "swapped", FindingUnit.COUNT));

    private CoherentTables() {}

    static List<FindingTable> of(CoherentPlan plan, AccessCosts costs, CoherentReading reading) {
        String size = (plan.bytes() >> 20) + " MiB";
        List<FindingRow> moves = new ArrayList<>();
        List<FindingRow> accesses = new ArrayList<>();
        for (Design design : Design.values()) {
            FindingRow move = FindingRow.of("move " + design.label()).put("design", design.label());
            for (Step step : List.of(Step.MOVE_IN, Step.MOVE_OUT)) {
                long[] nanos = costs.times(design, step);
                move.put(step.field() + "Micros", Quantiles.of(nanos))
                        .put(step.field() + "NanosPerPage", reading.nanosPerPage(nanos))
                        .put(step.field() + "Gbps", reading.gbps(nanos));
            }
            moves.add(move.put("bytes", plan.bytes()));
            if (design != Design.NODE_OFFLOAD) {
                accesses.add(access(plan, costs, reading, design));
            }
        }
        accesses.add(
                FindingRow.of("access RAM")
                        .put("design", "RAM")
                        .put("cpuReadGbps", reading.gbps(costs.ramReads()))
                        .put("cpuWriteGbps", reading.gbps(costs.ramWrites()))
                        .put("bytes", plan.bytes()));
        return List.of(
                new FindingTable(
                        "move",
                        "%s into the device's memory and out".formatted(size),
                        MOVES,
                        moves),
                new FindingTable(
                        "access",
                        "Accesses in place to %s, GB/s".formatted(size),
                        ACCESSES,
                        accesses),
                new FindingTable(
                        "page", "Pages that come to RAM one by one, µs", SINGLE, single(costs)),
                new FindingTable(
                        "shortage",
                        "RAM short: %d pages of the device's user in the device's memory, then a quarter"
                                        .formatted(plan.pages() / 2)
                                + " more than RAM of another program, then as many of the user's",
                        SHORTAGE,
                        shortage(reading)));
    }

    private static FindingRow access(
            CoherentPlan plan, AccessCosts costs, CoherentReading reading, Design design) {
        String label = design.isNode() ? "node" : design.label();
        FindingRow row = FindingRow.of("access " + label).put("design", label);
        for (Step step :
                List.of(Step.CPU_READ, Step.CPU_WRITE, Step.DEVICE_READ, Step.DEVICE_WRITE)) {
            row.put(step.field() + "Gbps", reading.gbps(costs.times(design, step)));
        }
        return row.put("bytes", plan.bytes());
    }

    private static List<FindingRow> single(AccessCosts costs) {
        return List.of(
                FindingRow.of("page by hint fault")
                        .put("what", "of the node, by a hint fault")
                        .put("micros", Quantiles.of(costs.promotions())),
                FindingRow.of("page by command")
                        .put("what", "of the device, by command")
                        .put("micros", Quantiles.of(costs.fetches())),
                FindingRow.of("scan")
                        .put("what", "a scan over the whole node before")
                        .put("micros", Quantiles.of(costs.scans())));
    }

    private static List<FindingRow> shortage(CoherentReading reading) {
        List<FindingRow> rows = new ArrayList<>();
        for (Isolation isolation : Isolation.values()) {
            rows.add(
                    FindingRow.of("shortage " + isolation.name().toLowerCase(Locale.ROOT))
                            .put("isolation", isolation.label())
                            .put(
                                    "strangerPages",
                                    reading.median(isolation, Shortage.Outcome::strangerPages))
                            .put("missed", reading.median(isolation, Shortage.Outcome::missed))
                            .put("demoted", reading.median(isolation, Shortage.Outcome::demoted))
                            .put("swapped", reading.median(isolation, Shortage.Outcome::swapped))
                            .put(
                                    "ownPagesLeft",
                                    reading.median(isolation, Shortage.Outcome::ownPagesLeft))
                            .put(
                                    "strangerMillis",
                                    reading.median(isolation, Shortage.Outcome::strangerNanos)
                                            / 1e6)
                            .put(
                                    "restPages",
                                    reading.median(isolation, Shortage.Outcome::restPages))
                            .put(
                                    "restMillis",
                                    reading.median(isolation, Shortage.Outcome::restNanos) / 1e6)
                            .put(
                                    "ownPagesKept",
                                    reading.median(isolation, Shortage.Outcome::ownPagesKept))
                            .put(
                                    "swappedForRest",
                                    reading.median(isolation, Shortage.Outcome::swappedForRest)));
        }
        return rows;
    }
}
