package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Command lines and surroundings in which no bundle can be made.
final class BundleCommandTest {
    private final TestEnvironment test = new TestEnvironment();
    @TempDir Path folder = Path.of("");

    @Test
    void fileMustBeNamed() {
        assertEquals(ExitCode.USAGE, test.run("bundle"));
        assertEquals(
                "farpage: no file to write; right would be --output=farpage.tar.gz\n", test.err());
    }

    @Test
    void withoutACloneOrJarsNoFileIsMade() {
        Path file = folder.resolve("farpage.tar.gz");
        assertEquals(ExitCode.USAGE, test.run("bundle", "--output=" + file));
        assertTrue(test.err().contains("right would be './farpage bundle'"), test.err());
        test.variables.put("FARPAGE_CLONE", folder.toString());
        assertEquals(ExitCode.USAGE, test.run("bundle", "--output=" + file));
        assertTrue(test.err().contains("does not run from its jars"), test.err());
        assertFalse(Files.exists(file));
    }

    @Test
    void hostWithoutALoaderIsToldWhatToInstall() {
        CliFailure failure =
                assertThrows(
                        CliFailure.class,
                        () -> BundleLoader.find(new HostChecks(test.environment(), folder)));
        assertTrue(
                String.valueOf(failure.getMessage())
                        .contains("'apt-get install ocl-icd-libopencl1'"));
    }

    @Test
    void loaderOfAnotherMachineIsRefused() throws IOException {
        Path lib = Files.createDirectories(folder.resolve("usr/lib/x86_64-linux-gnu"));
        Files.writeString(lib.resolve(BundleLoader.NAME), "\u007fELF of 32 bits, say");
        CliFailure failure =
                assertThrows(
                        CliFailure.class,
                        () -> BundleLoader.find(new HostChecks(test.environment(), folder)));
        assertTrue(String.valueOf(failure.getMessage()).contains("is no library for"));
    }
}
