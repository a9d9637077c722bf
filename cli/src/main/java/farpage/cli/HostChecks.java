package farpage.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Looks at the host by reading files: nothing is loaded or changed.
///
/// All paths are taken below a root, which is `/` outside of tests.
final class HostChecks {
    private static final int JAVA_VERSION_MIN = 25;
    private static final long MEMORY_MIN = 2L << 30;
    private static final Pattern CHOSEN = Pattern.compile("\\[(\\w+)]");
    private static final List<String> LIBRARY_FOLDERS =
            List.of(
                    "usr/lib/x86_64-linux-gnu",
                    "usr/lib/aarch64-linux-gnu",
                    "usr/local/lib",
                    "usr/lib64",
                    "usr/lib",
                    "lib64",
                    "lib");
    private static final String INSTALL =
            "install a platform: 'apt-get install pocl-opencl-icd ocl-icd-libopencl1' (Debian, Ubuntu),"
                    + " 'dnf install pocl ocl-icd' (Fedora), or the GPU vendor's driver; in a clone"
                    + " './farpage demo' does it for you";

    private final CliEnvironment environment;
    private final Path root;

    HostChecks(CliEnvironment environment, Path root) {
        this.environment = environment;
        this.root = root;
    }

    /// All checks, in the order in which a problem would show.
    List<DoctorCheck> all() {
        return List.of(
                jdk(), signals(), memory(), addressSpace(), hugePages(), loader(), icdFiles());
    }

    private static DoctorCheck jdk() {
        String found =
                "%s %s (%s), Java heap of up to %s"
                        .formatted(
                                System.getProperty("java.vm.name"),
                                Runtime.version(),
                                System.getProperty("java.home"),
                                SizeConverter.format(Runtime.getRuntime().maxMemory()));
        return Runtime.version().feature() >= JAVA_VERSION_MIN
                ? DoctorCheck.ok("JDK", found)
                : DoctorCheck.failed(
                        "JDK", found, "install JDK 25 or newer (https://adoptium.net)");
    }

    /// The JVM uses SIGSEGV for itself, and a compiler that runs in it may take the signal away.
    private DoctorCheck signals() {
        String name = "signal chaining";
        return lines(root.resolve("proc/self/maps")).stream()
                        .anyMatch(line -> line.endsWith("/libjsig.so"))
                ? DoctorCheck.ok(name, "libjsig.so is loaded")
                : DoctorCheck.advice(
                        name,
                        "libjsig.so is not loaded",
                        "start with ./farpage, or with LD_PRELOAD=$JAVA_HOME/lib/libjsig.so: without"
                                + " it a device's compiler may fail now and then");
    }

    private DoctorCheck memory() {
        Optional<Long> available = usableMemory();
        Optional<Long> limit = memoryLimit();
        if (available.isEmpty()) {
            return DoctorCheck.advice(
                    "memory", "/proc/meminfo cannot be read", "keep --memory below what is free");
        }
        long usable = available.get();
        String found =
                SizeConverter.format(usable)
                        + " available"
                        + limit.map(bytes -> ", limit " + SizeConverter.format(bytes)).orElse("");
        return usable >= MEMORY_MIN
                ? DoctorCheck.ok("memory", found)
                : DoctorCheck.advice(
                        "memory",
                        found,
                        "use smaller --memory and --device-memory, or free memory up to "
                                + SizeConverter.format(MEMORY_MIN));
    }

    /// Bytes of memory that a program may still take; empty if the host does not say.
    Optional<Long> usableMemory() {
        return meminfo("MemAvailable")
                .map(available -> Math.min(available, memoryLimit().orElse(Long.MAX_VALUE)));
    }

    private Optional<Long> memoryLimit() {
        return firstLine(root.resolve("sys/fs/cgroup/memory.max")).flatMap(HostChecks::number);
    }

    private DoctorCheck addressSpace() {
        for (String line : lines(root.resolve("proc/self/limits"))) {
            if (line.startsWith("Max address space") && !line.contains("unlimited")) {
                return DoctorCheck.advice(
                        "address space",
                        line.replaceAll("\\s+", " "),
                        "'ulimit -v unlimited': memory is reserved in large stretches");
            }
        }
        return DoctorCheck.ok("address space", "not limited");
    }

    private DoctorCheck hugePages() {
        String name = "huge pages";
        Path file = root.resolve("sys/kernel/mm/transparent_hugepage/enabled");
        Optional<String> line = firstLine(file);
        Matcher chosen = CHOSEN.matcher(line.orElse(""));
        if (!chosen.find()) {
            return DoctorCheck.advice(
                    name, "this kernel has none", "copies are slower without; nothing breaks");
        }
        String found = "transparent huge pages: " + chosen.group(1);
        return chosen.group(1).equals("never")
                ? DoctorCheck.advice(
                        name,
                        found,
                        "'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled' as root makes"
                                + " copies faster")
                : DoctorCheck.ok(name, found);
    }

    private DoctorCheck loader() {
        Optional<Path> loader = findLibrary("libOpenCL.so.1");
        return loader.isPresent()
                ? DoctorCheck.ok("ICD loader", "/" + root.relativize(loader.get()))
                : DoctorCheck.failed("ICD loader", "no libOpenCL.so.1", INSTALL);
    }

    private DoctorCheck icdFiles() {
        String name = "ICD files";
        String variable = environment.variable("OCL_ICD_VENDORS");
        Path folder = root.resolve(variable.isEmpty() ? "etc/OpenCL/vendors" : variable);
        String from = variable.isEmpty() ? "" : " (OCL_ICD_VENDORS)";
        List<Path> files = icdFiles(folder);
        if (files.isEmpty()) {
            return DoctorCheck.failed(name, "none in " + folder + from, INSTALL);
        }
        List<String> usable = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        for (Path file : files) {
            String library = firstLine(file).orElse("").strip();
            String described = file.getFileName() + " names " + library;
            (findLibrary(library).isPresent() ? usable : broken).add(described);
        }
        String found = String.join(", ", usable) + from;
        if (usable.isEmpty()) {
            return DoctorCheck.failed(
                    name, String.join(", ", broken) + from + ", which does not exist", INSTALL);
        }
        return broken.isEmpty()
                ? DoctorCheck.ok(name, found)
                : DoctorCheck.advice(
                        name,
                        found + "; " + String.join(", ", broken) + ", which does not exist",
                        "remove the .icd files without a library, or install their drivers again");
    }

    private static List<Path> icdFiles(Path place) {
        if (place.toString().endsWith(".icd")) {
            return Files.isRegularFile(place) ? List.of(place) : List.of();
        }
        try (Stream<Path> files = Files.list(place)) {
            return files.filter(file -> file.toString().endsWith(".icd")).sorted().toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    /// Where the linker would find a library.
    Optional<Path> findLibrary(String library) {
        if (library.isEmpty()) {
            return Optional.empty();
        }
        if (library.contains("/")) {
            Path path =
                    root.resolve(root.relativize(root.resolve(library.replaceFirst("^/+", ""))));
            return Optional.of(path).filter(Files::exists);
        }
        List<Path> folders = new ArrayList<>();
        for (String folder : environment.variable("LD_LIBRARY_PATH").split(":", -1)) {
            if (!folder.isEmpty()) {
                folders.add(root.resolve(folder));
            }
        }
        LIBRARY_FOLDERS.forEach(folder -> folders.add(root.resolve(folder)));
        return folders.stream()
                .map(folder -> folder.resolve(library))
                .filter(Files::exists)
                .findFirst();
    }

    private Optional<Long> meminfo(String field) {
        for (String line : lines(root.resolve("proc/meminfo"))) {
            if (line.startsWith(field + ":")) {
                return number(line.replaceAll("\\D+", "")).map(kibibytes -> kibibytes << 10);
            }
        }
        return Optional.empty();
    }

    private static Optional<Long> number(String text) {
        return text.matches("[0-9]{1,18}") ? Optional.of(Long.valueOf(text)) : Optional.empty();
    }

    private static Optional<String> firstLine(Path file) {
        return lines(file).stream().findFirst();
    }

    /// The lines of a file; none when it cannot be read, which is an answer here.
    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException _) {
            return List.of();
        }
    }
}
