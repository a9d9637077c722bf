package farpage.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.launcher.LauncherSandbox.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Setting up PoCL with and without root, with package tools that only pretend.
final class PoclSetUpTest {
    private static final String ROOT = "#!/bin/sh\necho 0\n";

    /// Knows a PoCL that needs three libraries, the last of which apt needs itself.
    private static final String APT_CACHE =
            """
            #!/bin/sh
            case $* in
                *' pocl-opencl-icd') printf 'pocl-opencl-icd\\n  Depends: libpocl2\\n' ;;
                *' libpocl2') printf 'libpocl2\\n  Depends: %s\\n' clang-15 libllvm15 libc6 zlib1g ;;
            esac
            """;

    private static final String APT_GET =
            """
            #!/bin/sh
            echo "$*" >>"$CALLS"
            case $* in
                *' update') ;;
                *' -s install apt dpkg') printf 'Inst %s (1 x)\\n' apt dpkg zlib1g ;;
                *' -s install '*)
                    printf 'Inst %s (1 x)\\n' zlib1g gcc-12-base libllvm15 binutils ocl-icd-libopencl1
                    ;;
                *' download '*)
                    while [ "$1" != download ]; do shift; done
                    shift
                    for package in "$@"; do : >"${package}_1_amd64.deb"; done
                    ;;
                *) exit 100 ;;
            esac
            """;

    private static final String DPKG_DEB =
            """
            #!/bin/sh
            if [ "$1" = -f ]; then echo 3.1-3; exit; fi
            lib=$3/usr/lib/x86_64-linux-gnu
            mkdir -p "$lib" "$3/usr/bin" "$3/usr/lib/gcc/x86_64-linux-gnu/12"
            case $2 in
                */libpocl2_*) : >"$lib/libpocl.so.2" ;;
                */ocl-icd-*) : >"$lib/libOpenCL.so.1" ;;
            esac
            """;

    @TempDir Path temporary;
    private LauncherSandbox sandbox;
    private Path calls;
    private Path cache;

    @BeforeEach
    void makeSandbox() {
        sandbox = LauncherSandbox.withoutOpenCl(temporary);
        calls = sandbox.folder.resolve("apt-calls");
        cache = sandbox.home.resolve(".cache/farpage");
        sandbox.set("CALLS", calls.toString());
        sandbox.command("ldd", "#!/bin/sh\n");
        sandbox.command("apt-cache", APT_CACHE);
        sandbox.command("dpkg-deb", DPKG_DEB);
    }

    @Test
    void rootInstallsThePackages() {
        sandbox.command("id", ROOT);
        sandbox.command("apt-get", aptThatInstalls("pocl-opencl-icd ocl-icd-libopencl1"));

        Result result = sandbox.farpage("devices");

        assertEquals(0, result.exitCode(), result.err());
        assertEquals(1, linesWith(result.err(), "installing pocl-opencl-icd ocl-icd-libopencl1"));
        assertEquals(List.of("lock"), LauncherSandbox.filesUnder(cache));
        assertEquals("", sandbox.farpage("devices").err());
    }

    @Test
    void rootRefreshesPackageListsThatKnowNothing() {
        sandbox.command("id", ROOT);
        sandbox.command(
                "apt-get",
                """
                #!/bin/sh
                case $* in
                    *update*) : >"$CALLS" ;;
                    *) [ -e "$CALLS" ] || { echo 'E: Unable to locate package' >&2; exit 100; } ;;
                esac
                """
                        + aptThatInstalls("pocl-opencl-icd ocl-icd-libopencl1"));

        assertEquals(0, sandbox.farpage("devices").exitCode());
    }

    @Test
    void rootOnAMachineWithADriverInstallsTheLoaderAlone() throws IOException {
        sandbox.openClPlatform();
        Files.delete(sandbox.system.resolve("usr/lib/x86_64-linux-gnu/libOpenCL.so.1"));
        sandbox.command("id", ROOT);
        sandbox.command("apt-get", aptThatInstalls("install ocl-icd-libopencl1"));

        assertEquals(0, sandbox.farpage("devices").exitCode());
    }

    @Test
    void packagesAreUnpackedWithoutRoot() {
        sandbox.command("apt-get", APT_GET);

        Result result = sandbox.farpage("devices");

        assertEquals(0, result.exitCode(), result.err());
        assertEquals(1, linesWith(result.err(), "unpacking them in " + cache));
        String tree = cache + "/pocl-3.1-3";
        assertEquals(tree + "/vendors", result.after("OCL_ICD_VENDORS="));
        assertEquals(tree + "/usr/lib/x86_64-linux-gnu", result.after("LD_LIBRARY_PATH="));
        assertEquals(
                tree + "/usr/lib/gcc/x86_64-linux-gnu/12:" + tree + "/link",
                result.after("LIBRARY_PATH="));
        assertTrue(result.after("PATH=").endsWith(":" + tree + "/usr/bin"), result.out());
        assertEquals(
                tree + "/usr/lib/x86_64-linux-gnu/libpocl.so.2\n",
                LauncherSandbox.read(Path.of(tree, "vendors/pocl.icd")));
    }

    @Test
    void whatAptItselfNeedsIsNotFetched() {
        sandbox.command("apt-get", APT_GET);

        sandbox.farpage("devices");

        String download =
                LauncherSandbox.read(calls)
                        .lines()
                        .filter(line -> line.contains(" download "))
                        .findFirst()
                        .orElse("");
        String fetched = download.substring(download.indexOf(" download "));
        assertTrue(fetched.contains(" pocl-opencl-icd libpocl2 libgcc-12-dev "), fetched);
        assertTrue(fetched.contains(" libllvm15"), fetched);
        assertFalse(fetched.contains("zlib1g"), fetched);
        assertFalse(fetched.contains("clang"), fetched);
    }

    @Test
    void unpackedPackagesAreUsedAgain() {
        sandbox.command("apt-get", APT_GET);
        String first = sandbox.farpage("devices").after("OCL_ICD_VENDORS=");
        sandbox.command("apt-get", "#!/bin/sh\nexit 100\n");
        sandbox.set("FARPAGE_NO_INSTALL", "1");

        Result second = sandbox.farpage("devices");

        assertEquals("", second.err());
        assertEquals(first, second.after("OCL_ICD_VENDORS="));
    }

    @Test
    void failingDownloadLeavesNothing() {
        sandbox.command(
                "apt-get",
                """
                #!/bin/sh
                echo "E: Failed to fetch it  Temporary failure resolving 'deb.debian.org'" >&2
                exit 100
                """);

        Result result = sandbox.farpage("devices");

        assertEquals(3, result.exitCode());
        assertTrue(result.err().contains("Temporary failure resolving"), result.err());
        assertTrue(result.err().contains("'apt-get install pocl-opencl-icd"), result.err());
        assertEquals(2, result.err().lines().count());
        assertEquals(List.of("lock"), LauncherSandbox.filesUnder(cache));

        sandbox.command("id", ROOT);
        assertEquals(3, sandbox.farpage("devices").exitCode());
        assertEquals(List.of("lock"), LauncherSandbox.filesUnder(cache));
    }

    @Test
    void interruptedSetUpLeavesNothingAndIsRetried() {
        sandbox.command("apt-get", APT_GET);
        sandbox.command(
                "dpkg-deb",
                """
                #!/bin/sh
                if [ "$1" = -f ]; then echo 3.1-3; exit; fi
                mkdir -p "$3/usr"
                kill -INT $PPID
                """);

        assertEquals(130, sandbox.farpage("devices").exitCode());
        assertEquals(List.of("lock"), LauncherSandbox.filesUnder(cache));

        sandbox.command("dpkg-deb", DPKG_DEB);
        assertEquals(0, sandbox.farpage("devices").exitCode());
    }

    @Test
    void packagesThatLackALibraryAreNotKept() {
        sandbox.command("apt-get", APT_GET);
        sandbox.command("ldd", "#!/bin/sh\necho 'libLLVM-15.so.1 => not found'\n");

        Result result = sandbox.farpage("devices");

        assertEquals(3, result.exitCode());
        assertTrue(result.err().contains("libLLVM-15.so.1 => not found"), result.err());
        assertEquals(List.of("lock"), LauncherSandbox.filesUnder(cache));
    }

    @Test
    void withoutAptTheSameErrorComes() {
        Result result = sandbox.farpage("devices");

        assertEquals(3, result.exitCode());
        assertTrue(result.err().contains("no apt-get"), result.err());
        assertTrue(result.err().contains("'apt-get install pocl-opencl-icd"), result.err());
        assertEquals(List.of(), LauncherSandbox.filesUnder(sandbox.home));
    }

    @Test
    void variableThatHidesTheSystemsPlatformIsSetAside() {
        sandbox.openClPlatform();
        sandbox.set("OCL_ICD_VENDORS", sandbox.home.toString());

        Result result = sandbox.farpage("devices");

        String vendors = sandbox.system.resolve("etc/OpenCL/vendors").toString();
        assertEquals(vendors, result.after("OCL_ICD_VENDORS="));
        assertEquals(1, linesWith(result.err(), "using " + vendors));
    }

    /// An apt-get that puts what is needed into the system when its arguments end with `packages`.
    private String aptThatInstalls(String packages) {
        Path lib = sandbox.system.resolve("usr/lib/x86_64-linux-gnu");
        Path vendors = sandbox.system.resolve("etc/OpenCL/vendors");
        return """
        #!/bin/sh
        case $* in *'%1$s')
            mkdir -p '%2$s' '%3$s'
            : >'%2$s/libOpenCL.so.1'
            : >'%2$s/libpocl.so.2'
            [ -e '%3$s/vendor.icd' ] || echo libpocl.so.2 >'%3$s/pocl.icd'
        esac
        """
                .formatted(packages, lib, vendors);
    }

    private static long linesWith(String text, String part) {
        return text.lines().filter(line -> line.contains(part)).count();
    }
}
