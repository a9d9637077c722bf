package farpage.cli;

import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The modules that the program runs with: its jars, and what of the JDK they need.
///
/// @param jars of the program and its libraries
/// @param platform names of JDK modules, without those that these need in turn
record BundleModules(List<Path> jars, Set<String> platform) {
    /// What libraries use and their descriptors do not require: JOCL has no descriptor and logs,
    /// and LWJGL calls its use of `sun.misc.Unsafe` optional.
    private static final Set<String> NOT_DECLARED = Set.of("java.logging", "jdk.unsupported");

    /// Those of the running program.
    static BundleModules ofProgram() {
        List<Path> jars = new ArrayList<>();
        Set<String> platform = new TreeSet<>(NOT_DECLARED);
        ModuleLayer.boot().configuration().modules().stream()
                .map(ResolvedModule::reference)
                .filter(BundleModules::isJar)
                .forEach(module -> add(module, jars, platform));
        if (jars.isEmpty()) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "the program does not run from its jars; right would be './farpage bundle'");
        }
        jars.sort(null);
        return new BundleModules(List.copyOf(jars), platform);
    }

    private static void add(ModuleReference module, List<Path> jars, Set<String> platform) {
        jars.add(Path.of(location(module)));
        for (Requires needed : module.descriptor().requires()) {
            boolean isOptional = needed.modifiers().contains(Requires.Modifier.STATIC);
            if (!isOptional && isPlatform(needed.name())) {
                platform.add(needed.name());
            }
        }
    }

    private static boolean isPlatform(String name) {
        return ModuleLayer.boot()
                .configuration()
                .findModule(name)
                .map(module -> location(module.reference()).getScheme().equals("jrt"))
                .orElse(false);
    }

    private static boolean isJar(ModuleReference module) {
        return location(module).getScheme().equals("file")
                && location(module).getPath().endsWith(".jar");
    }

    private static URI location(ModuleReference module) {
        return module.location()
                .orElseThrow(() -> new IllegalStateException(module + ": location=none"));
    }
}
