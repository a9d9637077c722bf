package farpage.property;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.KernelTrace;
import farpage.emulator.trace.KernelTraceWriter;
import farpage.emulator.trace.RegionAdvice;
import farpage.mm.PageSize;
import farpage.opencl.ClBinding;
import farpage.testing.EmulatorSystem;
import farpage.testing.ModelRun;
import farpage.testing.ModelSetting;
import farpage.testing.Operations;
import farpage.testing.PageOracle;
import farpage.testing.Seeds;
import farpage.testing.SystemUnderTest;
import farpage.testing.opencl.FakeClBinding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The runner itself: a defect planted in the system must be found and made short.
final class ModelRunTest {
    private static final PageOracle.Rules ROOMY = new PageOracle.Rules(true, false);

    private final ClBinding binding = FakeClBinding.open();

    @AfterEach
    void closeBinding() {
        binding.close();
    }

    private EmulatorSystem emulator() {
        return new EmulatorSystem(
                EmulatorConfig.of(binding, binding.devices().getFirst())
                        .withRamSize(32L << 20)
                        .withChunkSize(1L << 20)
                        .withDeviceMemory(16L << 20));
    }

    /// A system that does something else than it is told.
    private abstract static class Defective implements SystemUnderTest {
        final EmulatorSystem inner;

        Defective(EmulatorSystem inner) {
            this.inner = inner;
        }

        @Override
        public List<String> violations() {
            return inner.violations();
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    /// Migrating page 3 of region A changes one byte of it.
    private static final class LosesAByte extends Defective {
        LosesAByte(EmulatorSystem inner) {
            super(inner);
        }

        @Override
        public String execute(KernelOperation operation) {
            String result = inner.execute(operation);
            if (operation instanceof KernelOperation.MigrateToDevice migrate
                    && migrate.region().equals("A")
                    && migrate.startPage() <= 3
                    && migrate.startPage() + migrate.pageCount() > 3) {
                inner.execute(new KernelOperation.WriteByte(0, "A", 3, 7, 0x5a));
            }
            return result;
        }
    }

    /// What a child stores, the parent sees.
    private static final class SharesWithItsChild extends Defective {
        private final List<KernelOperation> ofTheChild = new ArrayList<>();
        private boolean inChild;

        SharesWithItsChild(EmulatorSystem inner) {
            super(inner);
        }

        @Override
        public String execute(KernelOperation operation) {
            inChild |= operation instanceof KernelOperation.ForkBegin;
            if (inChild && operation instanceof KernelOperation.WritePage) {
                ofTheChild.add(operation);
            }
            String result = inner.execute(operation);
            if (operation instanceof KernelOperation.ForkEnd) {
                inChild = false;
                ofTheChild.forEach(inner::execute);
                ofTheChild.clear();
            }
            return result;
        }
    }

    /// A store to memory that large folios were advised for changes another byte too.
    private static final class LosesAByteOfAdvisedMemory extends Defective {
        private final Set<String> advised = new HashSet<>();

        LosesAByteOfAdvisedMemory(EmulatorSystem inner) {
            super(inner);
        }

        @Override
        public String execute(KernelOperation operation) {
            String result = inner.execute(operation);
            if (operation instanceof KernelOperation.Advise advise
                    && advise.advice() == RegionAdvice.HUGEPAGE
                    && result.equals("ok")) {
                advised.add(advise.region());
            }
            if (operation instanceof KernelOperation.WritePage write
                    && advised.contains(write.region())) {
                inner.execute(
                        new KernelOperation.WriteByte(0, write.region(), write.startPage(), 7, 1));
            }
            return result;
        }
    }

    /// Each unmapping costs a frame of RAM, which nobody sees but the invariants.
    private static final class Leaks extends Defective {
        Leaks(EmulatorSystem inner) {
            super(inner);
        }

        @Override
        public String execute(KernelOperation operation) {
            if (operation instanceof KernelOperation.Unmap) {
                inner.emulator().machine().allocateFolio(0);
            }
            return inner.execute(operation);
        }
    }

    /// What a program writes to a file never arrives there.
    private static final class LosesWrites extends Defective {
        LosesWrites(EmulatorSystem inner) {
            super(inner);
        }

        @Override
        public String execute(KernelOperation operation) {
            return operation instanceof KernelOperation.FileWrite
                    ? "n=" + PageSize.PAGE_SIZE
                    : inner.execute(operation);
        }
    }

    private static ModelRun.Counterexample found(Optional<ModelRun.Counterexample> search) {
        return search.orElseThrow(() -> new AssertionError("the defect was not found"));
    }

    private static List<KernelOperation> operations(long seed) {
        return new Operations(seed, 60).generate(400);
    }

    @Test
    void soundSystemPasses() {
        assertEquals(
                Optional.empty(),
                new ModelRun("sound", this::emulator, ROOMY).search(operations(1)));
    }

    @Test
    void lostByteIsFoundAndMadeShort() {
        ModelRun run = new ModelRun("byte", () -> new LosesAByte(emulator()), ROOMY);
        ModelRun.Counterexample counterexample = found(searchUntilShort(run, 3));
        assertTrue(counterexample.message().contains("expected"), counterexample.toString());
    }

    @Test
    void brokenCopyOnWriteIsFoundAndMadeShort() {
        ModelRun run = new ModelRun("fork", () -> new SharesWithItsChild(emulator()), ROOMY);
        ModelRun.Counterexample counterexample = found(searchUntilFound(run));
        assertTrue(counterexample.operations().size() <= 5, counterexample.toString());
        assertTrue(
                counterexample.operations().stream()
                        .anyMatch(operation -> operation instanceof KernelOperation.ForkEnd));
    }

    @Test
    void defectOfLargeFoliosIsFoundAndItsShortTraceCanBeReplayed() {
        ModelRun run = new ModelRun("huge", () -> new LosesAByteOfAdvisedMemory(emulator()), ROOMY);
        ModelRun.Counterexample counterexample = found(searchUntilFound(run));
        List<KernelOperation> operations = counterexample.operations();
        assertTrue(operations.size() <= 4, counterexample.toString());
        assertTrue(
                operations.stream()
                        .anyMatch(operation ->
                                operation instanceof KernelOperation.Advise advise
                                        && advise.advice() == RegionAdvice.HUGEPAGE),
                counterexample.toString());
        String text = KernelTraceWriter.format(new KernelTrace("huge", 1, operations));
        KernelTrace read =
                KernelTrace.readFile(
                                "-",
                                new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
                        .getFirst();
        try (EmulatorSystem sound = emulator()) {
            read.operations().forEach(operation -> assertFalse(sound.execute(operation).isEmpty()));
        }
    }

    @Test
    void leakIsFoundByTheInvariantsAndMadeShort() {
        ModelRun run = new ModelRun("leak", () -> new Leaks(emulator()), ROOMY);
        ModelRun.Counterexample counterexample = found(searchUntilFound(run));
        assertTrue(counterexample.operations().size() <= 2, counterexample.toString());
        assertTrue(counterexample.message().contains("references"), counterexample.toString());
    }

    @Test
    void lostWriteToAFileIsFoundAndMadeShort() {
        PageOracle.Rules rules = ModelSetting.FILES_MOVED.rules();
        ModelRun run =
                new ModelRun(
                        "file",
                        () -> new LosesWrites(ModelSetting.FILES_MOVED.open(binding, 1, 12)),
                        rules);
        Optional<ModelRun.Counterexample> search = Optional.empty();
        for (long seed = 1; seed <= 50 && search.isEmpty(); seed++) {
            search = run.search(new Operations(seed, 12, true, false).generate(400));
        }
        ModelRun.Counterexample counterexample = found(search);
        assertTrue(counterexample.operations().size() <= 3, counterexample.toString());
    }

    private static Optional<ModelRun.Counterexample> searchUntilFound(ModelRun run) {
        return searchUntilShort(run, Integer.MAX_VALUE);
    }

    /// Not every draw has the kinds of operation that a defect needs, and where an operation that
    /// leaves much open shows it first, all that is looked at after that belongs to it.
    private static Optional<ModelRun.Counterexample> searchUntilShort(ModelRun run, int limit) {
        Optional<ModelRun.Counterexample> counterexample = Optional.empty();
        for (long seed = 1; seed <= 50 && counterexample.isEmpty(); seed++) {
            counterexample =
                    run.search(operations(seed)).filter(one -> one.operations().size() <= limit);
        }
        return counterexample;
    }

    @Test
    void failureTellsTheTraceAndTheCommandThatRepeatsIt() throws IOException {
        ModelRun run = new ModelRun("told", () -> new Leaks(emulator()), ROOMY);
        long seed = 1;
        while (operations(seed).stream().noneMatch(one -> one instanceof KernelOperation.Unmap)) {
            seed++;
        }
        long failing = seed;
        AssertionError error =
                assertThrows(
                        AssertionError.class,
                        () -> run.check(failing, 400, 60, Seeds.reproduce(getClass())));
        String message = String.valueOf(error.getMessage());
        assertTrue(
                message.contains("-Dtest=ModelRunTest -Dfarpage.seed=" + Seeds.suite()), message);
        Path file = Path.of("target", "failures", "told-" + Long.toHexString(seed) + ".trace");
        assertTrue(message.contains("./farpage replay --mended " + file.toAbsolutePath()), message);
        List<KernelTrace> traces = KernelTrace.readFile(file.toString(), System.in);
        assertEquals(1, traces.size());
        assertEquals("told", traces.getFirst().name());
        Files.delete(file);
    }

    @Test
    void sameSeedDrawsTheSameOperations() {
        assertEquals(operations(7), operations(7));
        assertTrue(!operations(7).equals(operations(8)));
    }
}
