package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A compiler that runs inside the JVM shares its signals. The JVM uses SIGSEGV for itself, many
/// times a second in an interpreter that meets null references; PoCL's compiler takes that signal
/// for a crash and removes its temporary files, unless signal chaining keeps the two apart.
final class BuildBesideSignalsTest {
    private static final int BUILDS = 3;

    private static volatile int @Nullable [] nothing;

    @TempDir Path folder;

    @Test
    void programsBuildWhileTheJvmUsesItsSignals() throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xint",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BuildBesideSignalsTest.class.getName());
        builder.environment().put("POCL_CACHE_DIR", folder.resolve("cache").toString());
        Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
        int exitCode = process.waitFor();
        assertEquals(0, exitCode, Files.readString(output, StandardCharsets.UTF_8));
    }

    /// The JVM of the test: builds programs that no cache knows beside a thread that provokes
    /// signals.
    static void main(String[] arguments) throws InterruptedException {
        AtomicBoolean isOver = new AtomicBoolean();
        Thread provoker = Thread.ofPlatform().start(() -> provoke(isOver));
        try (ClBinding binding = ClBindings.open("lwjgl");
                ClContext context = binding.createContext(binding.devices().getFirst())) {
            for (int i = 0; i < BUILDS; i++) {
                String source =
                        "kernel void f(global long *x) { x[get_global_id(0)] = " + i + "L; }";
                context.buildProgram("numbered.cl", source, "").close();
            }
        } finally {
            isOver.set(true);
            provoker.join();
        }
    }

    @SuppressWarnings("NullAway") // to meet null is the point
    private static void provoke(AtomicBoolean isOver) {
        long caught = 0;
        while (!isOver.get()) {
            try {
                caught += nothing.length;
            } catch (NullPointerException e) {
                caught++;
            }
        }
        System.out.println(List.of("caught", caught));
    }
}
