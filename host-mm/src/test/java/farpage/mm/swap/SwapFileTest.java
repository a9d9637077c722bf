package farpage.mm.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.PageSize;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The swap area in a file.
final class SwapFileTest {
    @TempDir Path folder = Path.of("");

    @Test
    void pagesAreReadAsTheyWereWritten() throws IOException {
        Path path = folder.resolve("swap");
        try (SwapFile file = new SwapFile(path, 10 * 4096);
                Arena arena = Arena.ofConfined()) {
            assertEquals(10, file.slotCount());
            MemorySegment page = arena.allocate(PageSize.PAGE_SIZE);
            for (int slot = 9; slot > 0; slot--) {
                file.write(slot, page.fill((byte) slot));
            }
            for (int slot = 1; slot < 10; slot++) {
                file.read(slot, page);
                assertEquals((byte) slot, page.get(ValueLayout.JAVA_BYTE, 4095));
            }
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void interruptedThreadLosesNoPageAndStaysInterrupted() throws IOException {
        try (SwapFile file = new SwapFile(folder.resolve("swap"), 4 * 4096);
                Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(PageSize.PAGE_SIZE);
            Thread.currentThread().interrupt();
            file.write(2, page.fill((byte) 5));
            assertTrue(Thread.interrupted());
            file.read(2, page.fill((byte) 0));
            assertEquals(5, page.get(ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    void fileWithoutRoomForAPageIsRefused() {
        assertThrows(
                IllegalArgumentException.class, () -> new SwapFile(folder.resolve("swap"), 4096));
    }
}
