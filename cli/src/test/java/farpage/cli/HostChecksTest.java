package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.cli.DoctorCheck.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostChecksTest {
    private final TestEnvironment test = new TestEnvironment();
    @TempDir Path root = Path.of("");

    @BeforeEach
    void goodHost() throws IOException {
        write("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   8388608 kB\n");
        write("proc/self/maps", "7f00-7f01 r-xp 00000000 08:01 7  /opt/jdk/lib/libjsig.so\n");
        write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
        write("usr/lib/x86_64-linux-gnu/libOpenCL.so.1", "");
        write("usr/lib/x86_64-linux-gnu/libpocl.so.2", "");
        write("etc/OpenCL/vendors/pocl.icd", "libpocl.so.2\n");
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.resolveSibling("."));
        Files.writeString(path, text);
    }

    private DoctorCheck check(String name) {
        return new HostChecks(test.environment(), root)
                .all().stream()
                        .filter(check -> check.name().equals(name))
                        .findFirst()
                        .orElseThrow();
    }

    @Test
    void goodHostIsOkThroughout() {
        for (DoctorCheck check : new HostChecks(test.environment(), root).all()) {
            assertEquals(State.OK, check.state(), check.toString());
            assertEquals("", check.remedy());
        }
    }

    @Test
    void signalChainingIsReadFromTheMapsOfTheProcess() throws IOException {
        write("proc/self/maps", "7f00-7f01 r-xp 00000000 08:01 7  /opt/jdk/lib/server/libjvm.so\n");
        assertEquals(State.ADVICE, check("signal chaining").state());
    }

    @Test
    void hugePagesThatAreOffGetAdvice() throws IOException {
        write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
        assertEquals(State.ADVICE, check("huge pages").state());
    }

    @Test
    void limitOfTheContainerCounts() throws IOException {
        write("sys/fs/cgroup/memory.max", "1073741824\n");
        assertEquals(State.ADVICE, check("memory").state());
        assertEquals("1 GiB available, limit 1 GiB", check("memory").found());
        write("sys/fs/cgroup/memory.max", "max\n");
        assertEquals(State.OK, check("memory").state());
    }

    @Test
    void limitOfTheAddressSpaceGetsAdvice() throws IOException {
        write("proc/self/limits", "Max address space   4096    4096   bytes\n");
        assertEquals(State.ADVICE, check("address space").state());
    }

    @Test
    void missingLoaderHasARemedy() throws IOException {
        Files.delete(root.resolve("usr/lib/x86_64-linux-gnu/libOpenCL.so.1"));
        assertEquals(State.FAILED, check("ICD loader").state());
        assertTrue(check("ICD loader").remedy().contains("ocl-icd-libopencl1"));
    }

    @Test
    void icdFileWithoutItsLibraryIsNamed() throws IOException {
        write("etc/OpenCL/vendors/old.icd", "/opt/gone/libold.so\n");
        assertEquals(State.ADVICE, check("ICD files").state());
        assertTrue(check("ICD files").found().contains("old.icd names /opt/gone/libold.so"));
        Files.delete(root.resolve("etc/OpenCL/vendors/pocl.icd"));
        assertEquals(State.FAILED, check("ICD files").state());
        Files.delete(root.resolve("etc/OpenCL/vendors/old.icd"));
        assertEquals(State.FAILED, check("ICD files").state());
    }

    @Test
    void foldersOfTheEnvironmentAreLookedAt() throws IOException {
        write("cache/vendors/pocl.icd", "libmine.so\n");
        write("cache/lib/libmine.so", "");
        test.variables.put("OCL_ICD_VENDORS", "cache/vendors");
        assertEquals(State.FAILED, check("ICD files").state());
        test.variables.put("LD_LIBRARY_PATH", "cache/none:cache/lib");
        assertEquals(State.OK, check("ICD files").state());
    }
}
