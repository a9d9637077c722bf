package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.DeviceFolioCopier;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.mm.migrate.FolioCopyAnswer;
import farpage.mm.migrate.FolioPairs;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A device that copies folios within RAM, of which it has several buffers.
final class FolioCopierTest {
    private static final int PAGES = 4096;
    private static final int HALF = PAGES / 2;

    @ParameterizedTest
    @CsvSource({"lwjgl, true", "lwjgl, false", "jocl, true", "jocl, false"})
    @Tag("T-11.6")
    void foliosCrossFromAnyBufferToAnyOther(String name, boolean inPlace) {
        try (ClBinding binding = ClBindings.open(name);
                HostMemory ram = new HostMemory(PageSize.pageAddress(PAGES))) {
            ClDevice device = binding.devices().getFirst();
            try (ClContext context = binding.createContext(device);
                    CopyDevice opened =
                            inPlace
                                    ? CopyDevice.open(
                                            context, device, ram.segment(), PageSize.PMD_SIZE)
                                    : CopyDevice.openApart(context, device, ram.segment());
                    DeviceFolioCopier copier = new DeviceFolioCopier(opened, () -> 0)) {
                assertEquals(inPlace && opened.abilities().usesHostMemory(), copier.isInPlace());
                copyAll(ram, copier);
            }
        }
    }

    /// Every page of the lower half to some page of the upper one.
    private static void copyAll(HostMemory ram, DeviceFolioCopier copier) {
        SplittableRandom random = new SplittableRandom(11);
        int[] places = new int[HALF];
        for (int i = 0; i < HALF; i++) {
            int other = random.nextInt(i + 1);
            places[i] = places[other];
            places[other] = i;
            long first = HostMemory.offset(Page.ofPfn(i));
            for (long at = first; at < first + PageSize.PAGE_SIZE; at += Long.BYTES) {
                ram.segment().set(ValueLayout.JAVA_LONG, at, random.nextLong());
            }
        }
        FolioPairs pairs = new FolioPairs(1);
        for (int i = 0; i < HALF; i++) {
            pairs.add(Page.ofPfn(i), Page.ofPfn(HALF + places[i]), 1);
        }
        assertEquals(FolioCopyAnswer.COPIED, copier.copy(pairs));
        for (int i = 0; i < HALF; i++) {
            long difference =
                    ram.bytes(Page.ofPfn(i)).mismatch(ram.bytes(Page.ofPfn(HALF + places[i])));
            assertTrue(difference < 0, "page " + i);
        }
        assertEquals(HALF, copier.statistics().pages());
    }
}
