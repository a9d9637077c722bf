package farpage.emulator.experiment.deviceoffset;

import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import java.util.List;

/// The figures as tables: windows, descriptors, migrations.
final class DeviceOffsetTables {
    private static final double MICRO = 1e3;

    private static final List<FindingColumn> WINDOWS =
            List.of(
                    FindingColumn.of("bits", "bits", FindingUnit.COUNT),
                    FindingColumn.of("device", "device", FindingUnit.TEXT),
                    FindingColumn.of("one", "one", FindingUnit.TEXT),
                    FindingColumn.of("eight", "of 8", FindingUnit.COUNT),
                    FindingColumn.of("oneShuffled", "one, random", FindingUnit.COUNT),
                    FindingColumn.of("eightShuffled", "8, random", FindingUnit.COUNT),
                    FindingColumn.of("outside", "outside", FindingUnit.TEXT),
                    FindingColumn.hidden("deviceBytes", FindingUnit.BYTES),
                    FindingColumn.hidden("layouts", FindingUnit.COUNT));

    private static final List<FindingColumn> DESCRIPTORS =
            List.of(
                    FindingColumn.of("device", "device", FindingUnit.TEXT),
                    FindingColumn.of("kind", "descriptors", FindingUnit.TEXT),
                    FindingColumn.of("bytesPerGib", "per GiB", FindingUnit.BYTES),
                    FindingColumn.of("registeredBytes", "in all", FindingUnit.BYTES),
                    FindingColumn.of("setUpMicros", "set-up, µs", FindingUnit.MICROS),
                    FindingColumn.of("usedBytesPerPage", "per page used", FindingUnit.NUMBER),
                    FindingColumn.of("measured", "measured", FindingUnit.TEXT),
                    FindingColumn.hidden("scaled", FindingUnit.TEXT),
                    FindingColumn.hidden("deviceBytes", FindingUnit.BYTES),
                    FindingColumn.hidden("measuredBytes", FindingUnit.BYTES),
                    FindingColumn.hidden("usedPages", FindingUnit.COUNT),
                    FindingColumn.hidden("usedBytes", FindingUnit.BYTES));

    private static final List<FindingColumn> COSTS =
            List.of(
                    FindingColumn.of("space", "space", FindingUnit.TEXT),
                    FindingColumn.of("direction", "direction", FindingUnit.TEXT),
                    FindingColumn.of("nanosPerPage", "ns a page", FindingUnit.NUMBER),
                    FindingColumn.of("micros", "p50", FindingUnit.MICROS),
                    FindingColumn.of("micros", "p90", FindingUnit.MICROS_P90),
                    FindingColumn.of("micros", "max", FindingUnit.MICROS_MAX),
                    FindingColumn.hidden("bytes", FindingUnit.BYTES));

    private DeviceOffsetTables() {}

    static List<FindingTable> of(
            List<WindowTrials.Result> windows,
            List<DescriptorTrials.Result> descriptors,
            List<SpaceCosts.Result> costs) {
        return List.of(
                new FindingTable(
                        "window",
                        "Windows of physical addresses, by address bits: one device, and how many of"
                                + " %d; with random layouts, in how many of %d one finds one and all"
                                        .formatted(WindowTrials.DEVICES, WindowTrials.SHUFFLES)
                                + " %d do; one outside the map".formatted(WindowTrials.DEVICES),
                        WINDOWS,
                        windows.stream().map(DeviceOffsetTables::row).toList()),
                new FindingTable(
                        "descriptor",
                        "Page descriptors when device memory is registered, and for each page that"
                                + " is used then",
                        DESCRIPTORS,
                        descriptors.stream().map(DeviceOffsetTables::row).toList()),
                new FindingTable(
                        "migration",
                        "Migration of base pages in either number space, µs",
                        COSTS,
                        costs.stream().map(DeviceOffsetTables::row).toList()));
    }

    static String size(long bytes) {
        return bytes % (1L << 40) == 0 ? (bytes >> 40) + " TiB" : (bytes >> 30) + " GiB";
    }

    private static FindingRow row(WindowTrials.Result result) {
        String device = size(result.deviceBytes());
        return FindingRow.of("window %d bits %s".formatted(result.bits(), device))
                .put("bits", result.bits())
                .put("device", device)
                .put("one", result.one())
                .put("eight", result.many())
                .put("oneShuffled", result.oneShuffled())
                .put("eightShuffled", result.manyShuffled())
                .put("outside", result.outside())
                .put("deviceBytes", result.deviceBytes())
                .put("layouts", WindowTrials.SHUFFLES);
    }

    private static FindingRow row(DescriptorTrials.Result result) {
        String device = size(result.deviceBytes());
        return FindingRow.of("descriptors %s, %s".formatted(device, result.kind().label()))
                .put("device", device)
                .put("kind", result.kind().label())
                .put("bytesPerGib", Math.round(result.bytesPerGib()))
                .put("registeredBytes", result.registeredBytes())
                .put("setUpMicros", result.setUpNanos() / MICRO)
                .put("usedBytesPerPage", result.bytesPerUsedPage())
                .put(
                        "measured",
                        result.isScaled()
                                ? "on %s, scaled".formatted(size(result.measuredBytes()))
                                : "as it is")
                .put("scaled", result.isScaled())
                .put("deviceBytes", result.deviceBytes())
                .put("measuredBytes", result.measuredBytes())
                .put("usedPages", result.usedPages())
                .put("usedBytes", result.usedBytes());
    }

    private static FindingRow row(SpaceCosts.Result result) {
        return FindingRow.of(
                        "migration %s %s"
                                .formatted(result.space().label(), result.direction().label()))
                .put("space", result.space().label())
                .put("direction", result.direction().label())
                .put("nanosPerPage", result.nanosPerPage())
                .put("micros", result.nanosPerRange())
                .put("bytes", result.bytes());
    }
}
