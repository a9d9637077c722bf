package farpage.cli;

import farpage.emulator.bench.Distribution;
import farpage.emulator.bench.MetadataPlan;
import farpage.emulator.bench.MetadataResult;
import farpage.emulator.bench.PageOrder;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// What `bench metadata` found, as rows and as a table.
final class MetadataReport {
    private static final double NANOS_IN_SECOND = 1e9;
    private static final double NANOS_IN_MICRO = 1e3;

    private static final List<BenchColumn> COLUMNS =
            List.of(
                    BenchColumn.text("what", "what"),
                    BenchColumn.text("layout", "layout"),
                    BenchColumn.count("threads", "threads"),
                    BenchColumn.count("pages", "pages"),
                    scaled("M pages/s", 1, "pagesPerSecond", 1e6),
                    scaled("to device", 1, "toDevicePagesPerSecond", 1e6),
                    scaled("to system", 1, "toSystemPagesPerSecond", 1e6),
                    scaled("per CPU s", 1, "pagesPerCpuSecond", 1e6),
                    BenchColumn.number("speedup", 2, "speedup"),
                    BenchColumn.number("bytes/page", 2, "bytesPerPage"),
                    scaled("init ms", 2, "initMicros", 1e3));

    private final MetadataPlan plan;
    private final List<MetadataResult> results;

    MetadataReport(MetadataPlan plan, List<MetadataResult> results) {
        this.plan = plan;
        this.results = List.copyOf(results);
    }

    private static BenchColumn scaled(String title, int decimals, String field, double unit) {
        return BenchColumn.computed(
                title,
                decimals,
                row -> {
                    OptionalDouble value = row.figure(field);
                    return value.isEmpty() ? value : OptionalDouble.of(value.getAsDouble() / unit);
                });
    }

    BenchReport report() {
        return new BenchReport(
                results.stream().map(this::row).toList(),
                COLUMNS,
                "%d rounds, all in turn, after %d or more to warm up; copies are off, and no memory is behind"
                                .formatted(plan.rounds(), plan.warmUpRounds())
                        + " the device's pages; medians; each direction counts as one migration",
                findings());
    }

    private Row row(MetadataResult result) {
        Row row = Row.ok(Bench.METADATA.label()).put("what", result.kind().label());
        switch (result) {
            case MetadataResult.RoundTrip trip -> put(row, trip);
            case MetadataResult.Walk walk -> put(row, walk);
            case MetadataResult.Init init ->
                    row.put("layout", PageOrder.CONTIGUOUS.label())
                            .put("threads", 1)
                            .put("pages", init.pages())
                            .put("deviceMemoryBytes", PageSize.pageAddress(init.pages()))
                            .put("initMicros", BenchRow.micros(init.nanos()))
                            .put("firstInitMicros", init.firstNanos() / NANOS_IN_MICRO);
            case MetadataResult.HeapPerPage heap ->
                    row.put("layout", heap.order().label())
                            .put("threads", 1)
                            .put("pages", heap.pages())
                            .put("bytesPerPage", heap.bytesPerPage())
                            .put("allocatorBytesPerPage", heap.allocatorBytesPerPage())
                            .put("deviceTableBytesPerPage", heap.mirrorBytesPerPage());
        }
        return row.put("copies", "off");
    }

    private void put(Row row, MetadataResult.RoundTrip trip) {
        row.put("layout", trip.order().label())
                .put("threads", trip.threads())
                .put("pages", trip.pages())
                .put("batchPages", trip.batchPages())
                .put("pagesPerSecond", perSecond(2L * trip.pages(), trip.roundNanos()))
                .put("toDevicePagesPerSecond", perSecond(trip.pages(), trip.toDeviceNanos()))
                .put("toSystemPagesPerSecond", perSecond(trip.pages(), trip.toSystemNanos()))
                .put("pagesPerCpuSecond", perSecond(2L * trip.pages(), trip.cpuNanos()));
        OptionalDouble speedup = speedup(trip);
        if (speedup.isPresent()) {
            row.put("speedup", speedup.getAsDouble());
        }
    }

    private static void put(Row row, MetadataResult.Walk walk) {
        row.put("layout", walk.order().label())
                .put("threads", walk.threads())
                .put("pages", walk.pages())
                .put("pagesPerSecond", perSecond(walk.pages(), walk.nanos()))
                .put("pagesPerCpuSecond", perSecond(walk.pages(), walk.cpuNanos()));
    }

    /// A rate; its `p99` is what all but the slowest hundredth reach.
    private static Row perSecond(long count, Distribution times) {
        return new Row()
                .put("median", count * NANOS_IN_SECOND / times.medianNanos())
                .put("p99", count * NANOS_IN_SECOND / times.nanos(99))
                .put("reps", times.reps());
    }

    /// Against one thread with the same order.
    private OptionalDouble speedup(MetadataResult.RoundTrip trip) {
        if (trip.threads() == 1) {
            return OptionalDouble.empty();
        }
        return results.stream()
                .filter(MetadataResult.RoundTrip.class::isInstance)
                .map(MetadataResult.RoundTrip.class::cast)
                .filter(other -> other.threads() == 1 && other.order() == trip.order())
                .mapToDouble(other -> trip.pagesPerSecond() / other.pagesPerSecond())
                .findFirst();
    }

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        for (MetadataResult result : results) {
            switch (result) {
                case MetadataResult.RoundTrip trip -> findings.add(finding(trip));
                case MetadataResult.Init init ->
                        findings.add(
                                String.format(
                                        Locale.ROOT,
                                        "%s of device memory registered in %.1f ms, the first time in"
                                                + " %.1f ms",
                                        SizeConverter.format(PageSize.pageAddress(init.pages())),
                                        init.nanos().medianNanos() / 1e6,
                                        init.firstNanos() / 1e6));
                case MetadataResult.HeapPerPage heap ->
                        findings.add(
                                String.format(
                                        Locale.ROOT,
                                        "%s: %.2f bytes of heap a device page in use, %.2f in its"
                                                + " allocator, and %.2f in the device's page table",
                                        heap.order().label(),
                                        heap.bytesPerPage(),
                                        heap.allocatorBytesPerPage(),
                                        heap.mirrorBytesPerPage()));
                case MetadataResult.Walk _ -> {}
            }
        }
        return findings;
    }

    private String finding(MetadataResult.RoundTrip trip) {
        OptionalDouble speedup = speedup(trip);
        return String.format(
                        Locale.ROOT,
                        "%s, %d thread%s: %.1f million migrations a second, %.0f ns of one core each",
                        trip.order().label(),
                        trip.threads(),
                        trip.threads() == 1 ? "" : "s",
                        trip.pagesPerSecond() / 1e6,
                        1e9 / trip.pagesPerCpuSecond())
                + (speedup.isEmpty()
                        ? ""
                        : String.format(
                                Locale.ROOT, ", %.2f times one thread", speedup.getAsDouble()));
    }
}
