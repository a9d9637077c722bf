package farpage.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.launcher.LauncherSandbox.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// When the launcher believes that an OpenCL platform is there, and what it says when none is and
/// nothing may be installed.
final class OpenClDetectionTest {
    @TempDir Path temporary;
    private LauncherSandbox sandbox;

    @BeforeEach
    void makeSandbox() {
        sandbox = LauncherSandbox.withoutOpenCl(temporary);
        sandbox.set("FARPAGE_NO_INSTALL", "1");
    }

    @Test
    void errorSaysExactlyWhatToInstall() {
        Result result = refused();

        assertEquals(1, result.err().lines().count());
        assertTrue(result.err().contains("FARPAGE_NO_INSTALL"), result.err());
        assertTrue(
                result.err().contains("'apt-get install pocl-opencl-icd ocl-icd-libopencl1'"),
                result.err());
        assertEquals("", result.out());
        assertEquals(0, sandbox.mavenCalls());
        assertEquals(List.of(), LauncherSandbox.filesUnder(sandbox.home));
    }

    @Test
    void errorSaysWhichHalfIsMissing() {
        sandbox.openClLoader();
        assertTrue(!refused().err().contains("no libOpenCL.so.1"));

        sandbox.openClPlatform();
        sandbox.icd("libelsewhere.so");
        assertTrue(refused().err().contains("no .icd file in " + sandbox.system), refused().err());
    }

    @Test
    void icdOfAnyVendorCounts() {
        sandbox.openClPlatform();
        accepted();
    }

    @Test
    void icdWithoutItsLibraryDoesNotCount() {
        sandbox.openClLoader();
        sandbox.icd("libnvidia-opencl.so.1");
        refused();
    }

    @Test
    void platformWithoutLoaderDoesNotCount() throws IOException {
        sandbox.openClPlatform();
        Files.delete(sandbox.system.resolve("usr/lib/x86_64-linux-gnu/libOpenCL.so.1"));
        refused();
    }

    @Test
    void librariesOfAnotherArchitectureDoNotCount() throws IOException {
        sandbox.openClPlatform();
        Path lib = sandbox.system.resolve("usr/lib");
        Files.move(lib.resolve("x86_64-linux-gnu"), lib.resolve("i386-linux-gnu"));
        refused();
    }

    @Test
    void librariesOnTheLibraryPathCount() throws IOException {
        sandbox.openClPlatform();
        Path moved = sandbox.folder.resolve("some libraries");
        Files.move(sandbox.system.resolve("usr/lib/x86_64-linux-gnu"), moved);
        refused();
        sandbox.set("LD_LIBRARY_PATH", "/nowhere:" + moved);
        accepted();
    }

    @ParameterizedTest
    @ValueSource(strings = {"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH"})
    void folderThatAVariableNamesIsUsed(String variable) throws IOException {
        sandbox.openClPlatform();
        Path vendors = sandbox.folder.resolve("other vendors");
        Files.move(sandbox.system.resolve("etc/OpenCL/vendors"), vendors);
        refused();
        sandbox.set(variable, vendors.toString());
        accepted();
    }

    @Test
    void variableMayNameOneFileOrALibrary() throws IOException {
        sandbox.openClPlatform();
        Path icd = sandbox.folder.resolve("one.icd");
        Files.move(sandbox.system.resolve("etc/OpenCL/vendors/vendor.icd"), icd);
        sandbox.set("OCL_ICD_VENDORS", icd.toString());
        accepted();
        sandbox.set("OCL_ICD_VENDORS", "libvendor.so.1");
        accepted();
        sandbox.set("OCL_ICD_VENDORS", "libothers.so.1");
        refused();
    }

    @Test
    void listOfLibrariesCountsWhenTheLoaderKnowsIt() {
        sandbox.openClPlatform();
        sandbox.icd("libgone.so");
        sandbox.set("OCL_ICD_FILENAMES", "libnone.so:libvendor.so.1");
        refused();
        LauncherSandbox.write(
                sandbox.system.resolve("usr/lib/x86_64-linux-gnu/libOpenCL.so.1"),
                "binary OCL_ICD_FILENAMES binary");
        accepted();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"--help", "--version", "help", "doctor", "demo --help", "--quiet doctor"})
    void questionsAboutTheProgramNeedNoPlatform(String commandLine) {
        accepted(commandLine.split(" "));
    }

    @Test
    void helpOfAProgramThatIsRunIsNotOurs() {
        assertEquals(3, sandbox.farpage("exec", "--", "program", "--help").exitCode());
    }

    private void accepted(String... arguments) {
        Result result = sandbox.farpage(arguments.length == 0 ? new String[] {"demo"} : arguments);
        assertEquals(0, result.exitCode(), result.err());
        assertTrue(result.out().startsWith("java: "), result.out());
    }

    private Result refused() {
        Result result = sandbox.farpage("demo");
        assertEquals(3, result.exitCode(), result.err());
        return result;
    }
}
