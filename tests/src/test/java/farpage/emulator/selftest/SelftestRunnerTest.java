package farpage.emulator.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.mm.Errno;
import farpage.opencl.ClBinding;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import farpage.testing.opencl.FakeClBinding;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Cases that go wrong in each way, to see that the runner notices and goes on.
final class SelftestRunnerTest {
    private final ClBinding binding = FakeClBinding.open();

    @AfterEach
    void close() {
        binding.close();
    }

    private Emulator machine() {
        return new Emulator(
                EmulatorConfig.of(binding, binding.devices().getFirst())
                        .withRamSize(64L << 20)
                        .withChunkSize(4L << 20)
                        .withDeviceMemory(16L << 20));
    }

    private static SelftestRun run(SelftestCase.Body body) {
        return new SelftestRun(SelftestCase.hmm("planted", body), SelftestVariant.DEVICE_PRIVATE);
    }

    private SelftestResult execute(SelftestCase.Body body) {
        return new SelftestRunner(this::machine, 1, SelftestRunner.LIMIT_DEFAULT)
                .execute(run(body));
    }

    @Test
    void caseIsSkippedOnAMachineWithoutCoherentDevices() {
        SelftestResult result =
                new SelftestRunner(this::machine, 1, SelftestRunner.LIMIT_DEFAULT)
                        .execute(
                                new SelftestRun(
                                        SelftestCase.hmm2("planted", _ -> {}),
                                        SelftestVariant.DEVICE_COHERENT));
        assertEquals(SelftestResult.Status.SKIPPED, result.status());
        assertEquals("DEVICE_COHERENT not available", result.reason());
    }

    private static void assertFails(String expectedStart, SelftestResult result) {
        assertEquals(SelftestResult.Status.FAILED, result.status());
        assertTrue(result.reason().startsWith(expectedStart), () -> result.lines().toString());
    }

    /// The place of an expectation is that of the case that has it.
    private static final class PlantedCases {
        static void wrongCount(TestProgram program) {
            program.device().migrateToDevice(program.process().map(4)).copies(5);
        }

        static void wrongByte(TestProgram program) {
            TestPages pages = program.process().map(2);
            pages.store(Values.INDEX);
            pages.page(1).expectLoads(i -> i == 1500 ? 1 : i);
        }
    }

    @Test
    void failedExpectationTellsFileLineCaseAndBothValues() {
        SelftestResult result = execute(PlantedCases::wrongCount);
        assertTrue(
                result.reason()
                        .matches(
                                "SelftestRunnerTest\\.java:\\d+:planted:Expected 5 == cpages \\(4\\)"),
                result::reason);
        assertEquals(1, result.lines().size(), () -> result.lines().toString());
    }

    @Test
    void wrongByteTellsItsIndexInTheWholeMapping() {
        SelftestResult result = execute(PlantedCases::wrongByte);
        assertTrue(
                result.reason().endsWith(":planted:Expected 1 == ptr[1500] (1500)"),
                result::reason);
    }

    @Test
    void wrongErrnoFails() {
        assertFails(
                "planted:Expected -EPERM == ret (-EFAULT)",
                execute(program -> {
                    TestPages pages = program.process().map(1, TestProcess.NONE);
                    program.device().read(pages).returns(Errno.EPERM);
                }));
    }

    @Test
    void storeWithoutPermissionIsTheEndByASignal() {
        assertFails(
                "planted: Test terminated unexpectedly by signal SIGSEGV",
                execute(program -> program.process().map(1, 0).store(Values.ZERO)));
    }

    @Test
    void failureInAChildIsTheCasesFailure() {
        assertFails(
                "planted:Expected 1 == ptr[0] (0)",
                execute(program -> {
                    TestPages pages = program.process().map(1);
                    pages.store(Values.INDEX);
                    TestProcess child = program.fork();
                    TestPages inChild = pages.in(child);
                    child.start(() -> inChild.expectLoads(Values.indexPlus(1)));
                    child.awaitExit();
                }));
    }

    @Test
    void childThatWaitsIsKilledWhenTheCaseFails() {
        assertFails(
                "planted:Expected 1 == one (2)",
                execute(program -> {
                    TestProcess child = program.fork();
                    child.start(child::pause);
                    Expect.equal(1, 2, "one");
                }));
    }

    @Test
    void childThatExitsIsNotKilled() {
        assertFails(
                "planted:Expected WIFSIGNALED(status)",
                execute(program -> {
                    TestProcess child = program.fork();
                    child.start(() -> {});
                    child.expectKilledBy(Signal.SIGTERM);
                }));
    }

    @Test
    void leakedPageIsFound() {
        SelftestResult result =
                execute(program -> program.process().mm().machine().allocateFolio(0));
        assertFails("planted: the model broke", result);
    }

    @Test
    void processThatIsLeftIsEndedByTheMachine() {
        SelftestResult result = execute(program -> program.process().mm().machine().newProcess());
        assertEquals(SelftestResult.Status.PASSED, result.status(), result::reason);
    }

    @Test
    void lockThatIsKeptIsFound() {
        assertFails(
                "planted: the model broke", execute(program -> program.process().mm().lockRead()));
    }

    @Test
    void hangIsReportedWithTheLocksThatAreHeld() throws InterruptedException {
        CountDownLatch isHeld = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        AtomicReference<Thread> hanging = new AtomicReference<>();
        SelftestRunner runner = new SelftestRunner(this::machine, 1, Duration.ofMillis(1));
        SelftestRun run =
                run(program -> {
                    hanging.set(Thread.currentThread());
                    program.process().mm().lockRead();
                    isHeld.countDown();
                    awaitUninterrupted(end);
                    program.process().mm().unlockRead();
                });
        SelftestResult result = runner.execute(run);
        assertFails("planted: Test terminated by timeout", result);
        // What the report says depends on how far the thread came; when it holds the lock, so.
        awaitUninterrupted(isHeld);
        end.countDown();
        Thread thread = hanging.get();
        assertFalse(thread == null);
        thread.join();
    }

    @Test
    void threadsOfAHangTellTheirLocksAndPlaces() {
        CaseThreads threads = new CaseThreads();
        CountDownLatch isHeld = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        try (Emulator machine = machine()) {
            var process = machine.newProcess();
            Running<Boolean> running =
                    threads.start(
                            "the one that hangs",
                            () -> {
                                process.lockRead();
                                isHeld.countDown();
                                awaitUninterrupted(end);
                                process.unlockRead();
                                return true;
                            });
            awaitUninterrupted(isHeld);
            List<String> lines = threads.describe();
            end.countDown();
            assertTrue(running.await());
            assertTrue(lines.getFirst().startsWith("thread the one that hangs, "), lines::toString);
            assertTrue(lines.getFirst().endsWith(", holds MMAP"), lines::toString);
            assertTrue(lines.size() > 1, lines::toString);
        }
        assertEquals(List.of(), threads.describe());
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    @Test
    void deviceThatFailsIsNoResult() {
        FaultPlan plan = FaultPlan.explicit();
        try (ClBinding failing = new InjectingBinding(FakeClBinding.open(), plan)) {
            plan.failNext(CallKind.CREATE_QUEUE, ClError.OUT_OF_RESOURCES);
            SelftestRunner runner =
                    new SelftestRunner(
                            () ->
                                    new Emulator(
                                            EmulatorConfig.of(
                                                    failing, failing.devices().getFirst())),
                            1,
                            SelftestRunner.LIMIT_DEFAULT);
            SelftestRun run = run(_ -> {});
            assertThrows(ClException.class, () -> runner.execute(run));
        }
    }
}
