package farpage.concurrency;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.inspect.MmInvariants;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.UffdResult;
import farpage.mm.userfaultfd.Userfaultfd;
import farpage.testing.SteppedRunner;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Faults that wait for their handler meet it in every order: no wake-up is lost.
final class SteppedUserfaultTest {
    private static final int NUMBERS = 80;
    private static final long PAGE = PageSize.PAGE_SIZE;
    private static final long HERE = 0x1000_0000L;
    private static final long THERE = 0x2000_0000L;
    private static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;

    /// A process with two registered pages, far apart.
    private static final class Scene implements AutoCloseable {
        private final Machine machine = new Machine(256 * PAGE);
        private final Mm mm = machine.newProcess();
        private final Userfaultfd uffd = Userfaultfd.open(mm);
        private final Map<String, Runnable> agents = new LinkedHashMap<>();

        private Scene() {
            for (long address : new long[] {HERE, THERE}) {
                assertEquals(Errno.OK, mm.mmapFixed(address, 2 * PAGE, READ_WRITE));
                int missing = UffdModes.REGISTER_MISSING;
                assertEquals(Errno.OK, uffd.register(address, 2 * PAGE, missing));
            }
        }

        private void loads(String name, byte expected) {
            CpuAccess cpu = new CpuAccess(mm);
            MemorySegment to = MemorySegment.ofArray(new byte[1]);
            agents.put(
                    name,
                    () -> {
                        assertEquals(FaultResult.HANDLED, cpu.read(HERE, to));
                        assertEquals(expected, to.get(ValueLayout.JAVA_BYTE, 0));
                    });
        }

        private UffdResult fill(long address, int value) {
            byte[] page = new byte[(int) PAGE];
            page[0] = (byte) value;
            return uffd.copy(address, MemorySegment.ofArray(page), PAGE, 0);
        }

        private void run(long number) {
            new SteppedRunner(number).run(agents);
            assertEquals(0, uffd.waitingCount());
            MmInvariants.assertHold(machine);
        }

        @Override
        public void close() {
            mm.exit();
            machine.close();
        }
    }

    private static void assertMoved(UffdResult result) {
        assertEquals(new UffdResult(Errno.OK, PAGE), result);
    }

    @Test
    void pageIsFilledBeforeWhileOrAfterItIsMissed() {
        for (long number = 0; number < NUMBERS; number++) {
            try (Scene scene = new Scene()) {
                scene.loads("one", (byte) 7);
                scene.loads("other", (byte) 7);
                scene.agents.put("handler", () -> assertMoved(scene.fill(HERE, 7)));
                scene.run(number);
            }
        }
    }

    @Test
    void rangeIsLetGoBeforeWhileOrAfterAPageIsMissed() {
        for (long number = 0; number < NUMBERS; number++) {
            try (Scene scene = new Scene()) {
                scene.loads("one", (byte) 0);
                scene.loads("other", (byte) 0);
                scene.agents.put("end", scene.uffd::close);
                scene.run(number);
            }
        }
    }

    @Test
    void pagesChangePlacesWithoutWaitingForEachOther() {
        for (long number = 0; number < NUMBERS; number++) {
            try (Scene scene = new Scene()) {
                assertMoved(scene.fill(HERE, 1));
                assertMoved(scene.fill(THERE + PAGE, 2));
                scene.agents.put("there", () -> assertMoved(scene.uffd.move(THERE, HERE, PAGE, 0)));
                scene.agents.put(
                        "back",
                        () -> assertMoved(scene.uffd.move(HERE + PAGE, THERE + PAGE, PAGE, 0)));
                scene.run(number);
            }
        }
    }
}
