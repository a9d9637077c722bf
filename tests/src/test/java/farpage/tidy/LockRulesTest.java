package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Every lock has a rank: the memory manager and the devices lock, sleep and wait through
/// `farpage.mm.lock` alone. Looked for in the compiled code, where no spelling hides it.
final class LockRulesTest {
    private static final String LOCK_PACKAGE = "farpage/mm/lock/";

    /// What blocks a thread without a rank.
    private static final Set<String> BLOCKING =
            Set.of(
                    "java/util/concurrent/CountDownLatch",
                    "java/util/concurrent/CyclicBarrier",
                    "java/util/concurrent/Exchanger",
                    "java/util/concurrent/Phaser",
                    "java/util/concurrent/Semaphore");

    /// The one class that starts threads and waits for them: what it waits for holds no lock.
    private static final Set<String> RUNNERS = Set.of("farpage/emulator/stress/AgentThreads");

    private static List<ClassModel> classes(String module) throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("..", module, "target", "classes"))) {
            List<ClassModel> classes = new ArrayList<>();
            for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
                classes.add(ClassFile.of().parse(file));
            }
            return classes;
        }
    }

    private static boolean usesMonitor(MethodModel method) {
        return method.flags().has(AccessFlag.SYNCHRONIZED)
                || method.code().stream()
                        .flatMap(code -> code.elementStream())
                        .anyMatch(element ->
                                element instanceof MonitorInstruction monitor
                                        && monitor.opcode() == Opcode.MONITORENTER);
    }

    private static List<String> offences(ClassModel type) {
        String name = type.thisClass().asInternalName();
        List<String> offences = new ArrayList<>();
        for (MethodModel method : type.methods()) {
            if (usesMonitor(method)) {
                offences.add(name + "." + method.methodName() + " uses a monitor");
            }
        }
        for (PoolEntry entry : type.constantPool()) {
            if (entry instanceof ClassEntry used
                    && (used.asInternalName().startsWith("java/util/concurrent/locks/")
                            || BLOCKING.contains(used.asInternalName()))) {
                offences.add(name + " uses " + used.asInternalName());
            }
        }
        return offences;
    }

    @Test
    void allLocksOfTheMemoryManagerAndTheDevicesHaveARank() throws IOException {
        List<String> offences = new ArrayList<>();
        for (String module : List.of("host-mm", "emulator")) {
            List<ClassModel> classes = classes(module);
            assertTrue(classes.size() > 20, module);
            for (ClassModel type : classes) {
                String name = type.thisClass().asInternalName();
                if (!name.startsWith(LOCK_PACKAGE) && !RUNNERS.contains(name)) {
                    offences.addAll(offences(type));
                }
            }
        }
        assertEquals(List.of(), offences);
    }

    @Test
    void ruleSeesTheLocksBehindTheRanks() throws IOException {
        assertTrue(
                classes("host-mm").stream()
                        .filter(type ->
                                type.thisClass().asInternalName().equals(LOCK_PACKAGE + "Mutex"))
                        .anyMatch(type -> !offences(type).isEmpty()));
    }
}
