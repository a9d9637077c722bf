package farpage.emulator.experiment.peer;

import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import farpage.emulator.experiment.Findings;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/// The figures as tables and sentences.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
final class PeerTables {
    /// The kernel's struct page.
    private static final int DESCRIPTOR_BYTES = 64;

    private static final List<String> LIMITS =
            List.of(
                    "Both devices are one OpenCL device here, whose memory is the host's: a copy"
                            + " from buffer to buffer costs no bus, and one through the host no two.",
                    "Hardware maps a peer's page and reads it when it likes; OpenCL can not, so"
                            + " each read here is a copy to a buffer of the second device.",
                    "The cost of a device's TLB and of an IOMMU's entries is not in the revocation.");

    private PeerTables() {}

    static Findings findings(PeerPlan plan, PeerResult result, Map<PeerDesign, Integer> extra) {
        return new Findings(
                "up to %d pages, %d runs after %d to warm up, the designs in turn; medians; all data compared"
                        .formatted(plan.pages(), plan.runs(), plan.warmUpRuns()),
                List.of(reads(plan, result), revocations(plan, result), descriptors(plan, extra)),
                found(plan, result, extra),
                LIMITS);
    }

    private static FindingTable reads(PeerPlan plan, PeerResult result) {
        List<FindingRow> rows = new ArrayList<>();
        for (int pages : plan.counts()) {
            long bytes = PageSize.pageAddress(pages);
            long raw = PeerSamples.median(result.raw(pages));
            for (PeerDesign design : PeerDesign.values()) {
                PeerSamples own = result.of(pages, design);
                FindingRow row =
                        FindingRow.of("read %d %s".formatted(pages, design.field()))
                                .put("design", design.field())
                                .put("words", design.words())
                                .put("pages", (long) pages)
                                .put("bytes", bytes)
                                .put("firstMicros", PeerSamples.of(own.first))
                                .put("firstGbps", gbps(bytes, PeerSamples.median(own.first)))
                                .put("againMicros", PeerSamples.of(own.again))
                                .put("againGbps", gbps(bytes, PeerSamples.median(own.again)))
                                .put("migratedPages", own.migratedPages)
                                .put("rawMicros", raw / 1e3)
                                .put("rawGbps", gbps(bytes, raw));
                if (design != PeerDesign.TODAY) {
                    row.put("copyMicros", PeerSamples.of(own.copy));
                }
                rows.add(row);
            }
        }
        return new FindingTable(
                "read",
                "The second device reads pages of the first: for the first time, and again",
                List.of(
                        FindingColumn.hidden("design", FindingUnit.TEXT),
                        FindingColumn.of("words", "design", FindingUnit.TEXT),
                        FindingColumn.of("pages", "pages", FindingUnit.COUNT),
                        FindingColumn.hidden("bytes", FindingUnit.BYTES),
                        FindingColumn.of("firstMicros", "first µs", FindingUnit.MICROS),
                        FindingColumn.of("firstGbps", "GB/s", FindingUnit.GBPS),
                        FindingColumn.of("againMicros", "again µs", FindingUnit.MICROS),
                        FindingColumn.of("againGbps", "GB/s", FindingUnit.GBPS),
                        FindingColumn.of("copyMicros", "device to device µs", FindingUnit.MICROS),
                        FindingColumn.of("migratedPages", "migrated", FindingUnit.COUNT),
                        FindingColumn.of("rawMicros", "plain copy µs", FindingUnit.MICROS),
                        FindingColumn.hidden("rawGbps", FindingUnit.GBPS)),
                rows);
    }

    private static FindingTable revocations(PeerPlan plan, PeerResult result) {
        List<FindingRow> rows = new ArrayList<>();
        for (int pages : plan.counts()) {
            for (PeerDesign design : PeerDesign.values()) {
                PeerSamples own = result.of(pages, design);
                FindingRow row =
                        FindingRow.of("revocation %d %s".formatted(pages, design.field()))
                                .put("design", design.field())
                                .put("words", design.words())
                                .put("pages", (long) pages)
                                .put("aloneMicros", PeerSamples.of(own.backAlone))
                                .put("revokedPages", own.revokedPages);
                if (design != PeerDesign.TODAY) {
                    row.put("sharedMicros", PeerSamples.of(own.backShared))
                            .put("nanosPerPage", nanosPerPage(own, pages));
                }
                rows.add(row);
            }
        }
        return new FindingTable(
                "revocation",
                "The first device's pages go to RAM, while nobody else has them and while the second"
                        + " one does",
                List.of(
                        FindingColumn.hidden("design", FindingUnit.TEXT),
                        FindingColumn.of("words", "design", FindingUnit.TEXT),
                        FindingColumn.of("pages", "pages", FindingUnit.COUNT),
                        FindingColumn.of("aloneMicros", "alone µs", FindingUnit.MICROS),
                        FindingColumn.of("sharedMicros", "shared µs", FindingUnit.MICROS),
                        FindingColumn.of("nanosPerPage", "more ns a page", FindingUnit.NUMBER),
                        FindingColumn.of("revokedPages", "revoked", FindingUnit.COUNT)),
                rows);
    }

    private static double nanosPerPage(PeerSamples own, int pages) {
        long more = PeerSamples.median(own.backShared) - PeerSamples.median(own.backAlone);
        return (double) more / pages;
    }

    private static FindingTable descriptors(PeerPlan plan, Map<PeerDesign, Integer> extra) {
        List<FindingRow> rows = new ArrayList<>();
        for (PeerDesign design : PeerDesign.values()) {
            long each = (long) DESCRIPTOR_BYTES + bytes(extra, design);
            rows.add(
                    FindingRow.of("descriptors " + design.field())
                            .put("design", design.field())
                            .put("words", design.words())
                            .put("bytesPerPage", each)
                            .put("bytesOfRange", each * plan.pages()));
        }
        return new FindingTable(
                "descriptors",
                "Page descriptors of the kernel for the memory of the first device",
                List.of(
                        FindingColumn.hidden("design", FindingUnit.TEXT),
                        FindingColumn.of("words", "design", FindingUnit.TEXT),
                        FindingColumn.of("bytesPerPage", "bytes a page", FindingUnit.COUNT),
                        FindingColumn.of("bytesOfRange", "of the range", FindingUnit.BYTES)),
                rows);
    }

    private static int bytes(Map<PeerDesign, Integer> extra, PeerDesign design) {
        return Objects.requireNonNull(extra.get(design));
    }

    private static double gbps(long bytes, long nanos) {
        return (double) bytes / Math.max(1, nanos);
    }

    private static List<String> found(
            PeerPlan plan, PeerResult result, Map<PeerDesign, Integer> extra) {
        List<String> found = new ArrayList<>();
        for (int pages : plan.counts().size() > 1 ? List.of(1, plan.pages()) : plan.counts()) {
            PeerSamples today = result.of(pages, PeerDesign.TODAY);
            PeerSamples one = result.of(pages, PeerDesign.UNIFIED);
            found.add(
                    String.format(
                            Locale.ROOT,
                            "The first read of %s takes %.1f µs through RAM, where %d migrate, and"
                                    + " %.1f µs where they lie, where %d do; once more %.1f µs and"
                                    + " %.1f µs.",
                            name(pages),
                            micros(today.first),
                            today.migratedPages,
                            micros(one.first),
                            one.migratedPages,
                            micros(today.again),
                            micros(one.again)));
        }
        found.add(
                String.format(
                        Locale.ROOT,
                        "Their own driver moves the same %s to RAM together in %.1f µs: what makes"
                                + " the first read through RAM slow is that hmm_range_fault moves"
                                + " page by page.",
                        name(plan.pages()),
                        micros(result.of(plan.pages(), PeerDesign.TODAY).backAlone)));
        int pages = plan.pages();
        PeerSamples one = result.of(pages, PeerDesign.UNIFIED);
        PeerSamples two = result.of(pages, PeerDesign.TWO_PAGES);
        PeerSamples staged = result.of(pages, PeerDesign.UNIFIED_STAGED);
        found.add(
                String.format(
                        Locale.ROOT,
                        "%s from device to device: %.1f µs directly, %.1f µs through memory of the"
                                + " host; one plain copy of as much takes %.1f µs.",
                        name(pages),
                        micros(one.copy),
                        micros(staged.copy),
                        micros(result.raw(pages))));
        found.add(
                String.format(
                        Locale.ROOT,
                        "That the second device loses %s makes their way to RAM longer by %.0f ns a page with"
                                + " one page and by %.0f ns with two (differences of medians; below zero is noise).",
                        name(pages),
                        nanosPerPage(one, pages),
                        nanosPerPage(two, pages)));
        found.add(
                String.format(
                        Locale.ROOT,
                        "A second page costs %d bytes more a page, one page %d.",
                        bytes(extra, PeerDesign.TWO_PAGES),
                        bytes(extra, PeerDesign.UNIFIED)));
        return found;
    }

    private static String name(int pages) {
        return pages == 1 ? "one page" : pages + " pages";
    }

    private static double micros(List<Long> nanos) {
        return PeerSamples.median(nanos) / 1e3;
    }
}
