package farpage.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `tar` makes of an archive.
final class TarWriterTest {
    @TempDir Path folder = Path.of("");

    private static void add(TarWriter tar, String name, boolean isExecutable, String text)
            throws IOException {
        byte[] bytes = text.getBytes(US_ASCII);
        tar.add(name, isExecutable, bytes.length, new ByteArrayInputStream(bytes));
    }

    @Test
    void filesComeBackWithNamesModesAndContents() throws IOException, InterruptedException {
        String deep = "a/" + "b".repeat(90) + "/" + "c".repeat(90);
        Path archive = folder.resolve("archive");
        try (OutputStream out = Files.newOutputStream(archive);
                TarWriter tar = new TarWriter(out)) {
            add(tar, "empty", false, "");
            add(tar, "bin/run", true, "run");
            add(tar, deep, false, "x".repeat(512));
            add(tar, "last", false, "y".repeat(513));
        }
        Process unpack =
                new ProcessBuilder("tar", "xf", archive.toString(), "-C", folder.toString())
                        .inheritIO()
                        .start();
        assertEquals(0, unpack.waitFor());
        assertEquals(0, Files.size(folder.resolve("empty")));
        assertEquals("run", Files.readString(folder.resolve("bin/run")));
        assertTrue(Files.isExecutable(folder.resolve("bin/run")));
        assertTrue(!Files.isExecutable(folder.resolve("last")));
        assertEquals("x".repeat(512), Files.readString(folder.resolve(deep)));
        assertEquals("y".repeat(513), Files.readString(folder.resolve("last")));
    }

    @Test
    void whatTheFormatCannotHoldIsRefused() throws IOException {
        try (TarWriter tar = new TarWriter(OutputStream.nullOutputStream())) {
            assertThrows(
                    IllegalArgumentException.class, () -> add(tar, "n".repeat(101), false, ""));
            assertThrows(IllegalArgumentException.class, () -> add(tar, "\u00e4", false, ""));
            assertThrows(
                    IOException.class,
                    () -> tar.add("grew", false, 1, new ByteArrayInputStream(new byte[2])));
        }
    }
}
