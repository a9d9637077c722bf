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

/// NVIDIA's OpenCL library on a host where no .icd file names it.
final class NvidiaTest {
    private static final String LIBRARY = "libnvidia-opencl.so.1";

    @TempDir Path temporary;
    private LauncherSandbox sandbox;

    @BeforeEach
    void makeSandbox() {
        sandbox = LauncherSandbox.complete(temporary);
        sandbox.set("FARPAGE_NO_INSTALL", "1");
    }

    private void library(String folder) {
        LauncherSandbox.write(sandbox.system.resolve(folder).resolve(LIBRARY), "");
    }

    /// The folder of .icd files that the program gets; empty where it gets none of its own.
    private String vendors() {
        Result result = sandbox.farpage("devices");
        assertEquals(0, result.exitCode(), result.err());
        return result.after("OCL_ICD_VENDORS=");
    }

    @Test
    void isShownToTheLoaderBesideThoseThatAreRegistered() {
        library("usr/lib/x86_64-linux-gnu");
        Path vendors = Path.of(vendors());
        assertEquals(List.of("nvidia.icd", "vendor.icd"), LauncherSandbox.filesUnder(vendors));
        assertEquals(LIBRARY + "\n", LauncherSandbox.read(vendors.resolve("nvidia.icd")));
        assertEquals("libvendor.so.1\n", LauncherSandbox.read(vendors.resolve("vendor.icd")));
    }

    @Test
    void isAPlatformByItself() throws IOException {
        Files.delete(sandbox.system.resolve("etc/OpenCL/vendors/vendor.icd"));
        library("usr/lib64");
        assertEquals(List.of("nvidia.icd"), LauncherSandbox.filesUnder(Path.of(vendors())));
    }

    @Test
    void sameFolderServesEveryStartAndNothingElseIsLeft() {
        library("usr/lib/x86_64-linux-gnu");
        String vendors = vendors();
        assertEquals(vendors, vendors());
        assertTrue(vendors.startsWith(sandbox.home.toString()), vendors);
        assertEquals(2, LauncherSandbox.filesUnder(sandbox.home).size());
    }

    @Test
    void needsNothingWhereItIsRegistered() {
        library("usr/lib/x86_64-linux-gnu");
        sandbox.icd("/usr/lib/" + LIBRARY);
        LauncherSandbox.write(
                sandbox.system.resolve("etc/OpenCL/vendors/nvidia.icd"), LIBRARY + "\n");
        assertEquals("", vendors());
    }

    @Test
    void foldersOfContainersAreGivenToTheLinker() {
        library("usr/local/nvidia/lib64");
        Result result = sandbox.farpage("devices");
        assertEquals(
                sandbox.system.resolve("usr/local/nvidia/lib64").toString(),
                result.after("LD_LIBRARY_PATH="));
        assertTrue(!result.after("OCL_ICD_VENDORS=").isEmpty());
    }

    @Test
    void isFoundOnTheLinkersPath() {
        Path folder = sandbox.folder.resolve("driver");
        LauncherSandbox.write(folder.resolve(LIBRARY), "");
        sandbox.set("LD_LIBRARY_PATH", folder.toString());
        assertTrue(!vendors().isEmpty());
    }

    @Test
    void whoSaysWhereIcdFilesAreIsNotOverruled() {
        library("usr/lib/x86_64-linux-gnu");
        String own = sandbox.system.resolve("etc/OpenCL/vendors").toString();
        sandbox.set("OCL_ICD_VENDORS", own);
        assertEquals(own, vendors());
    }

    @Test
    void hostWithoutItIsLeftAlone() {
        assertEquals("", vendors());
        assertEquals(List.of(), LauncherSandbox.filesUnder(sandbox.home));
    }
}
