package farpage.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The ICD loader that a bundle carries, for hosts that have a driver and no loader.
///
/// @param file where it lies on this machine
/// @param glibcMinor the 2.x of the C library that the program needs with it
record BundleLoader(Path file, int glibcMinor) {
    /// The name by which programs and the linker know it.
    static final String NAME = "libOpenCL.so.1";

    private static final int ELF_CLASS_OFFSET = 4;
    private static final byte ELF_CLASS_64 = 2;
    private static final int ELF_MACHINE_OFFSET = 18;
    private static final int ELF_MACHINE_X86_64 = 62;
    private static final int ELF_MACHINE_AARCH64 = 183;
    private static final Pattern GLIBC = Pattern.compile("GLIBC_2\\.([0-9]{1,3})");

    /// What the newest of the other libraries needs, which is LWJGL's.
    private static final int GLIBC_MINOR_MIN = 28;

    /// The loader of this machine.
    static BundleLoader find(HostChecks host) throws IOException {
        Path file =
                host.findLibrary(NAME)
                        .orElseThrow(() ->
                                new CliFailure(
                                        ExitCode.USAGE,
                                        "no %s here that the bundle could carry; install it:"
                                                        .formatted(NAME)
                                                + " 'apt-get install ocl-icd-libopencl1' (Debian,"
                                                + " Ubuntu), 'dnf install ocl-icd' (Fedora)"))
                        .toRealPath();
        byte[] bytes = Files.readAllBytes(file);
        if (!isForThisMachine(bytes)) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s is no library for %s; right would be a loader that programs here can load"
                            .formatted(file, System.getProperty("os.arch")));
        }
        return new BundleLoader(file, glibcMinor(bytes));
    }

    private static boolean isForThisMachine(byte[] elf) {
        int machine =
                System.getProperty("os.arch").equals("aarch64")
                        ? ELF_MACHINE_AARCH64
                        : ELF_MACHINE_X86_64;
        return elf.length > ELF_MACHINE_OFFSET
                && new String(elf, 1, 3, StandardCharsets.US_ASCII).equals("ELF")
                && elf[ELF_CLASS_OFFSET] == ELF_CLASS_64
                && (elf[ELF_MACHINE_OFFSET] & 0xff) == machine;
    }

    private static int glibcMinor(byte[] elf) {
        int newest = GLIBC_MINOR_MIN;
        Matcher version = GLIBC.matcher(new String(elf, StandardCharsets.ISO_8859_1));
        while (version.find()) {
            newest = Math.max(newest, Integer.parseInt(version.group(1)));
        }
        return newest;
    }
}
