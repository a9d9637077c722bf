package farpage.opencl.kernel;

import farpage.opencl.ClContext;
import farpage.opencl.ClProgram;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;

/// The source of one kernel with its headers in place, and the hash of it.
///
/// Headers are put in by us and not by the compiler, which may run where the files are not: they
/// lie in a jar. Each is put in once. A `#line` directive before and after it lets the compiler's
/// log name the file and line that a person would look for.
///
/// @opencl clCreateProgramWithSource
public final class KernelSource {
    /// OpenCL C 1.2 is what every device can do.
    private static final String OPTIONS = "-cl-std=CL1.2";

    private static final String INCLUDE = "#include \"";

    private final String name;
    private final String text;

    private KernelSource(String name, String text) {
        this.name = name;
        this.text = text;
    }

    /// The source of a kernel of this package, by the kernel's name.
    ///
    /// @throws IllegalArgumentException when there is no such file
    public static KernelSource of(String kernel) {
        StringBuilder joined = new StringBuilder();
        append(joined, kernel + ".cl", new HashSet<>());
        return new KernelSource(kernel, joined.toString());
    }

    private static void append(StringBuilder joined, String file, Set<String> seen) {
        if (!seen.add(file)) {
            return;
        }
        int number = 0;
        joined.append("#line 1 \"").append(file).append("\"\n");
        for (String line : read(file).split("\n", -1)) {
            number++;
            if (line.startsWith(INCLUDE)) {
                append(joined, line.substring(INCLUDE.length(), line.length() - 1), seen);
                joined.append("#line ")
                        .append(number + 1)
                        .append(" \"")
                        .append(file)
                        .append("\"\n");
            } else {
                joined.append(line).append('\n');
            }
        }
    }

    private static String read(String file) {
        try (InputStream stream = KernelSource.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalArgumentException("kernel source: file=" + file + ", limit=none");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }

    /// The kernel's name, which is also that of its function.
    public String name() {
        return name;
    }

    /// The source as the compiler gets it.
    public String text() {
        return text;
    }

    /// SHA-256 of the source in hexadecimal: names what a result was produced with.
    public String hash() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /// Builds it for all devices of a context.
    ///
    /// @param options added to the options that every kernel is built with; may be empty
    /// @throws farpage.opencl.ClBuildException with the file's name, the device and the compiler's
    ///   log
    public ClProgram build(ClContext context, String options) {
        String all = options.isEmpty() ? OPTIONS : OPTIONS + " " + options;
        return context.buildProgram(name + ".cl", text, all);
    }
}
