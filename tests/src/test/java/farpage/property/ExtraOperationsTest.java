package farpage.property;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.KernelTrace;
import farpage.emulator.trace.KernelTraceWriter;
import farpage.mm.hugememory.HugePageCounters;
import farpage.opencl.ClBinding;
import farpage.testing.EmulatorSystem;
import farpage.testing.ModelSetting;
import farpage.testing.opencl.FakeClBinding;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Operations of traces that no recording has: swap, pins, soft-dirty bits, moves that keep the old
/// place.
final class ExtraOperationsTest {
    private final ClBinding binding = FakeClBinding.open();
    private final EmulatorSystem system = ModelSetting.ROOMY.open(binding, 1, 16);

    @AfterEach
    void closeAll() {
        assertEquals(List.of(), system.violations());
        system.close();
        binding.close();
    }

    private List<String> results(String... lines) {
        return results(system, lines);
    }

    private static List<String> results(EmulatorSystem on, String... lines) {
        String text = "=== extra\n" + String.join("\n", lines) + "\n";
        KernelTrace trace =
                KernelTrace.readFile(
                                "-",
                                new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
                        .getFirst();
        List<String> results = new ArrayList<>();
        for (KernelOperation operation : trace.operations()) {
            results.add(on.execute(operation));
        }
        assertEquals(text, KernelTraceWriter.format(trace));
        return results;
    }

    @Test
    void pageComesBackFromSwap() {
        List<String> results =
                results(
                        "swapon 8",
                        "map A 2 private",
                        "write A 0 7",
                        "read A 0",
                        "madvise A 0 1 pageout",
                        "migdev A 0 1",
                        "read A 0",
                        "madvise A 0 1 pageout",
                        "swapoff 0",
                        "swapoff 0",
                        "read A 0");
        assertEquals("-ENOENT", results.get(5), "what lies in swap does not migrate");
        assertEquals(results.get(3), results.get(6));
        assertEquals(List.of("ok", "-EINVAL"), results.subList(8, 10));
        assertEquals(results.get(3), results.get(10));
    }

    @Test
    void pinKeepsThePageInPlaceAndShowsEachStore() {
        List<String> results =
                results(
                        "map A 2 private",
                        "migdev A 0 2",
                        "pin A 0 2",
                        "migdev A 0 1",
                        "write A 1 7",
                        "chkpins",
                        "sum A 0 2",
                        "unmap A 0 2",
                        "chkpins",
                        "unpin",
                        "chkpins");
        assertEquals("0 n=2", results.get(2));
        assertEquals("-ENOENT", results.get(3));
        assertEquals(results.get(5).substring(4), results.get(6).substring(11));
        assertEquals(results.get(5), results.get(8), "the pages stay though nobody maps them");
        assertEquals("n=0 h=cbf29ce484222325", results.get(10));
    }

    @Test
    void storesMakeSoftDirtyAndSoDoesTheCopyOfAPinnedPageForAChild() {
        List<String> results =
                results(
                        "map A 3 private",
                        "pin A 0 1",
                        "clearrefs",
                        "write1 A 1 0 1",
                        "softdirty A 1 2",
                        "fork-begin",
                        "softdirty A 0 3",
                        "fork-end");
        assertEquals("1*1,0*1", results.get(4));
        assertEquals("1*2,0*1", results.get(6));
    }

    @Test
    void memoryIsMadeOfTheFoliosThatASettingAsksFor() {
        List<String> results =
                results(
                        "hugepages 4 always",
                        "map A 32 private",
                        "write A 17 7",
                        "hugepages 4 never",
                        "write A 1 7",
                        "softdirty A 0 32");
        assertEquals("ok", results.getFirst());
        HugePageCounters counters = system.emulator().machine().hugePages().counters();
        assertEquals(1, counters.get(HugePageCounters.SizeEvent.ANON_FAULT_ALLOC, 4));
    }

    /// Two chunks of 2 MiB have room for the huge page, but neither for one half of it twice.
    @Test
    void hugePageGoesInSmallPiecesToDeviceMemoryThatIsScattered() {
        try (EmulatorSystem mixed = ModelSetting.MIXED_ORDERS.open(binding, 1, 1600)) {
            List<String> results =
                    results(
                            mixed,
                            "map B 512 private",
                            "map D 512 private",
                            "migdev D 0 143",
                            "migdev B 0 414",
                            "write B 352 194",
                            "map A 512 private",
                            "migdev A 0 512");
            assertEquals("0 cp=512", results.get(6).substring(0, 8));
            assertEquals(2, mixed.emulator().device(0).memory().statistics().chunkCount());
        }
    }

    @Test
    void moveMayKeepTheOldPlaceMapped() {
        List<String> results =
                results(
                        "map A 4 private",
                        "write A 1 7",
                        "read A 1",
                        "mremap-keep A 1 1 B 0",
                        "read B 0",
                        "read A 1",
                        "read A 2");
        assertEquals("ok", results.get(3));
        assertEquals(results.get(2), results.get(4));
        assertEquals(results.get(6), results.get(5));
    }

    @Test
    void deviceStoreToAPageThatWasAdvisedFreeIsNotLost() {
        List<String> results =
                results(
                        "swapon 8",
                        "map A 1 private",
                        "write A 0 7",
                        "madvise A 0 1 free",
                        "dwrite A 0 1 8",
                        "read A 0",
                        "madvise A 0 1 pageout",
                        "read A 0");
        assertEquals(results.get(5), results.get(7));
    }
}
