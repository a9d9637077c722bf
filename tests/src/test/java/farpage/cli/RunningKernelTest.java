package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/// Traces without devices, as a kernel without device memory answers them too: results, and what
/// `/proc/PID/smaps` and `/proc/PID/pagemap` say at the end of each.
///
/// The views are recorded with addresses as slot and offset, in one line a mapping and one a run of
/// pages, with the uppermost byte of their `pagemap` words. `LazyFree` is left out, because pages
/// wait in a batch of the kernel's before they count, and `sd`, which that kernel did not have. The
/// second set of traces is of memory in huge pages.
final class RunningKernelTest {
    private static final Path TRACES = Path.of("src/test/resources/traces/kernel");
    private static final Set<String> FIELDS =
            Set.of(
                    "Size",
                    "Rss",
                    "Pss",
                    "Pss_Dirty",
                    "Shared_Clean",
                    "Shared_Dirty",
                    "Private_Clean",
                    "Private_Dirty",
                    "Referenced",
                    "Anonymous");
    private static final Set<String> HUGE_FIELDS = Set.of("AnonHugePages", "THPeligible");
    private static final long FIRST_SLOT = 1L << 36;
    private static final int SLOT_SHIFT = 31;
    private static final Pattern RANGE = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) (.*)");
    private static final Pattern MAPPING = Pattern.compile("([-rwxps]{4}) ([0-9a-f]+) .*");
    private static final Pattern PAGES = Pattern.compile("([0-9a-f]{2})[0-9a-f]{14} .*");

    private final List<String> views = new ArrayList<>();
    private boolean showsHuge;
    private String mapping = "";
    private int runSlot;
    private long runStart;
    private long runPages;
    private String runBits = "";

    @Test
    void everyResultIsThatOfTheKernel() {
        CommandRun run =
                CommandRun.of(
                        "replay",
                        TRACES.resolve("cpu.trace.gz").toString(),
                        "--golden=" + TRACES.resolve("cpu.golden.gz"));
        assertEquals("64 traces, 5465 operations, 0 differ\n", run.out(), run.toString());
    }

    @Test
    void everyResultOnHugePagesIsThatOfTheKernel() {
        CommandRun run =
                CommandRun.of(
                        "replay",
                        TRACES.resolve("cpu-huge.trace.gz").toString(),
                        "--golden=" + TRACES.resolve("cpu-huge.golden.gz"));
        assertEquals("52 traces, 2079 operations, 0 differ\n", run.out(), run.toString());
    }

    @Test
    void mappingsAndPagesAreThoseOfTheKernel() throws IOException {
        assertViews("cpu");
    }

    @Test
    void hugePagesAreShownAsTheKernelShowsThem() throws IOException {
        showsHuge = true;
        assertViews("cpu-huge");
    }

    private void assertViews(String name) throws IOException {
        CommandRun run =
                CommandRun.of(
                        "replay",
                        "--show=smaps,pagemap",
                        TRACES.resolve(name + ".trace.gz").toString());
        run.out().lines().forEach(this::translate);
        endRun();
        try (InputStream stream =
                new GZIPInputStream(Files.newInputStream(TRACES.resolve(name + ".views.gz")))) {
            assertEquals(
                    new String(stream.readAllBytes(), StandardCharsets.US_ASCII),
                    String.join("\n", views) + "\n");
        }
    }

    private void translate(String line) {
        Matcher range = RANGE.matcher(line);
        if (line.startsWith("=== ") && !line.startsWith("=== end")) {
            endRun();
            views.add(line);
        } else if (range.matches()) {
            long start = Long.parseLong(range.group(1), 16) - FIRST_SLOT;
            int slot = (int) (start >> SLOT_SHIFT);
            long offset = start & (1L << SLOT_SHIFT) - 1;
            long length = Long.parseLong(range.group(2), 16) - FIRST_SLOT - start;
            Matcher header = MAPPING.matcher(range.group(3));
            Matcher pages = PAGES.matcher(range.group(3));
            if (header.matches()) {
                mapping =
                        "vma %d %x-%x %s %x"
                                .formatted(
                                        slot,
                                        offset,
                                        offset + length,
                                        header.group(1),
                                        Long.parseLong(header.group(2), 16));
            } else if (pages.matches()) {
                run(slot, offset, length >> 12, pages.group(1));
            }
        } else if (!mapping.isEmpty()) {
            field(line);
        }
    }

    private void field(String line) {
        int colon = line.indexOf(':');
        String name = line.substring(0, colon);
        String value = line.substring(colon + 1).strip();
        if (FIELDS.contains(name) || showsHuge && HUGE_FIELDS.contains(name)) {
            mapping += " " + name + "=" + value.replace(" kB", "");
        } else if (name.equals("VmFlags")) {
            List<String> flags = new ArrayList<>(List.of(value.split(" ")));
            flags.remove("sd");
            views.add(mapping + " " + String.join(",", flags));
            mapping = "";
        }
    }

    /// Runs that follow each other with equal bits are one.
    private void run(int slot, long offset, long count, String bits) {
        boolean continues =
                slot == runSlot && offset == runStart + (runPages << 12) && bits.equals(runBits);
        if (!continues) {
            endRun();
            runSlot = slot;
            runStart = offset;
            runBits = bits;
        }
        runPages += count;
    }

    private void endRun() {
        if (runPages > 0) {
            views.add("pages %d %x+%d %s".formatted(runSlot, runStart, runPages, runBits));
        }
        runPages = 0;
        runBits = "";
    }
}
