package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClBuildException;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.ClKernel;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClProgram;
import farpage.opencl.WorkSize;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import farpage.opencl.kernel.KernelSource;
import farpage.testing.opencl.FakeClBinding;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Planned faults strike the planned call, do what they say and nothing else.
class InjectionTest {
    abstract static class Contract extends ClContract {
        final FaultPlan plan = FaultPlan.explicit();

        abstract ClBinding inner();

        @Override
        ClBinding open() {
            return new InjectingBinding(inner(), plan);
        }

        private void assertStrikes(CallKind kind, ClError error, Executable call) {
            plan.failNext(kind, error);
            ClException e = assertFails(error, call);
            assertEquals(kind.call(), e.call());
            assertTrue(e.detail().startsWith("injected: "), e::detail);
        }

        @Test
        void everyKindOfCallCanFail() throws Exception {
            ClBuffer buffer = buffer(PAGE);
            MemorySegment memory = pattern(PAGE, 1);
            ClProgram program = use(KernelSource.of("zero_pages").build(context, ""));
            ClKernel kernel = use(program.createKernel("zero_pages"));
            assertStrikes(
                    CallKind.CREATE_BUFFER,
                    ClError.MEM_OBJECT_ALLOCATION_FAILURE,
                    () -> context.createBuffer(PAGE).close());
            assertStrikes(
                    CallKind.CREATE_QUEUE,
                    ClError.OUT_OF_HOST_MEMORY,
                    () -> context.createQueue(device).close());
            assertStrikes(
                    CallKind.BUILD,
                    ClError.COMPILER_NOT_AVAILABLE,
                    () -> KernelSource.of("zero_pages").build(context, "").close());
            ClError lost = ClError.OUT_OF_RESOURCES;
            assertStrikes(CallKind.WRITE, lost, () -> queue.writeBlocking(buffer, 0, memory));
            assertStrikes(CallKind.WRITE, lost, () -> queue.write(buffer, 0, memory).close());
            assertStrikes(
                    CallKind.WRITE, lost, () -> queue.enqueueWrite(buffer, 0, memory, 0, PAGE));
            assertStrikes(CallKind.READ, lost, () -> queue.readBlocking(buffer, 0, memory));
            assertStrikes(CallKind.READ, lost, () -> queue.read(buffer, 0, memory).close());
            assertStrikes(CallKind.READ, lost, () -> queue.enqueueRead(buffer, 0, memory, 0, PAGE));
            assertStrikes(CallKind.COPY, lost, () -> queue.copy(buffer, 0, buffer, 64, 64).close());
            assertStrikes(CallKind.COPY, lost, () -> queue.enqueueCopy(buffer, 0, buffer, 64, 64));
            assertStrikes(CallKind.FILL, lost, () -> queue.fill(buffer, 0, 8, 0, 8).close());
            assertStrikes(CallKind.FILL, lost, () -> queue.enqueueFill(buffer, 0, 8, 0, 8));
            assertStrikes(
                    CallKind.LAUNCH, lost, () -> queue.launch(kernel, WorkSize.perItem(1)).close());
            assertStrikes(
                    CallKind.LAUNCH, lost, () -> queue.enqueueLaunch(kernel, WorkSize.perItem(1)));
            assertStrikes(
                    CallKind.MAP,
                    ClError.MAP_FAILURE,
                    () -> queue.map(buffer, ClMapMode.READ, 0, PAGE));
            assertStrikes(CallKind.MARKER, lost, () -> queue.marker().close());
            assertStrikes(CallKind.FINISH, lost, queue::finish);
            assertEquals(18, plan.injected().size(), () -> plan.injected().toString());
        }

        @Test
        void failedBuildHasALog() {
            plan.failNext(CallKind.BUILD, ClError.BUILD_PROGRAM_FAILURE);
            ClBuildException e =
                    assertThrows(
                            ClBuildException.class,
                            () -> KernelSource.of("zero_pages").build(context, "").close());
            assertEquals("zero_pages.cl", e.program());
            assertEquals("injected", e.log());
        }

        @Test
        void onlyTheNthCallFails() {
            ClBuffer buffer = buffer(PAGE);
            MemorySegment memory = pattern(PAGE, 2);
            plan.fail(CallKind.WRITE, 3, ClError.OUT_OF_RESOURCES);
            queue.writeBlocking(buffer, 0, memory);
            queue.enqueueWrite(buffer, 0, memory, 0, PAGE);
            assertFails(ClError.OUT_OF_RESOURCES, () -> queue.writeBlocking(buffer, 0, memory));
            queue.writeBlocking(buffer, 0, memory);
            assertEquals(4, plan.calls(CallKind.WRITE));
            assertEquals(0, plan.calls(CallKind.READ));
            assertBytes(memory, contents(buffer));
        }

        @Test
        void failedTransferMovesNothing() {
            ClBuffer buffer = buffer(PAGE);
            MemorySegment before = pattern(PAGE, 3);
            MemorySegment other = pattern(PAGE, 4);
            queue.writeBlocking(buffer, 0, before);
            plan.failNext(CallKind.WRITE, ClError.OUT_OF_RESOURCES);
            assertFails(ClError.OUT_OF_RESOURCES, () -> queue.writeBlocking(buffer, 0, other));
            assertBytes(before, contents(buffer));
        }

        @Test
        void partialTransferMovesItsFirstBytesAndFails() {
            ClBuffer a = buffer(PAGE);
            ClBuffer b = buffer(PAGE);
            MemorySegment before = pattern(PAGE, 5);
            MemorySegment after = pattern(PAGE, 6);
            MemorySegment mixed = pattern(PAGE, 5);
            mixed.asSlice(0, 100).copyFrom(after.asSlice(0, 100));
            ClError lost = ClError.OUT_OF_RESOURCES;

            queue.writeBlocking(a, 0, before);
            plan.partial(CallKind.WRITE, plan.calls(CallKind.WRITE) + 1, 100, lost);
            assertFails(lost, () -> queue.enqueueWrite(a, 0, after, 0, PAGE));
            assertBytes(mixed, contents(a));

            MemorySegment target = pattern(PAGE, 5);
            queue.writeBlocking(a, 0, after);
            plan.partial(CallKind.READ, plan.calls(CallKind.READ) + 1, 100, lost);
            assertFails(lost, () -> queue.readBlocking(a, 0, target));
            assertBytes(mixed, target);

            queue.writeBlocking(b, 0, before);
            plan.partial(CallKind.COPY, plan.calls(CallKind.COPY) + 1, 100, lost);
            assertFails(lost, () -> queue.copy(a, 0, b, 0, PAGE).close());
            assertBytes(mixed, contents(b));

            plan.partial(CallKind.COPY, plan.calls(CallKind.COPY) + 1, 0, lost);
            assertFails(lost, () -> queue.enqueueCopy(a, 0, b, 0, PAGE));
            assertBytes(mixed, contents(b));
        }

        @Test
        void corruptTransferInvertsOneByteAndSaysNothing() {
            ClBuffer a = buffer(PAGE);
            ClBuffer b = buffer(PAGE);
            MemorySegment good = pattern(PAGE, 7);
            MemorySegment bad = pattern(PAGE, 7);
            byte inverted = (byte) ~good.get(ValueLayout.JAVA_BYTE, 77);
            bad.set(ValueLayout.JAVA_BYTE, 77, inverted);

            plan.corrupt(CallKind.WRITE, 1, 77);
            queue.writeBlocking(a, 0, good);
            assertBytes(bad, contents(a));

            queue.writeBlocking(a, 0, good);
            MemorySegment target = arena.allocate(PAGE);
            plan.corrupt(CallKind.READ, plan.calls(CallKind.READ) + 1, PAGE + 77);
            queue.enqueueRead(a, 0, target, 0, PAGE);
            assertBytes(bad, target);

            plan.corrupt(CallKind.COPY, 1, 77);
            queue.enqueueCopy(a, 0, b, 0, PAGE);
            assertBytes(bad, contents(b));
            assertBytes(good, contents(a));
            assertEquals(3, plan.injected().size());
        }

        @Test
        void faultsLeaveNoObjectsBehind() {
            ClBuffer buffer = buffer(PAGE);
            MemorySegment memory = pattern(PAGE, 8);
            plan.partial(CallKind.WRITE, 1, 10, ClError.OUT_OF_RESOURCES);
            assertFails(ClError.OUT_OF_RESOURCES, () -> queue.write(buffer, 0, memory).close());
            assertEquals(2, context.openObjects().size(), "queue and buffer");
        }
    }

    @Nested
    class OnLwjgl extends Contract {
        @Override
        ClBinding inner() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class OnJocl extends Contract {
        @Override
        ClBinding inner() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class OnTheFake extends Contract {
        @Override
        ClBinding inner() {
            return FakeClBinding.open();
        }
    }

    @Test
    void bindingKeepsItsName() {
        try (ClBinding binding = new InjectingBinding(FakeClBinding.open(), FaultPlan.explicit())) {
            assertEquals("fake", binding.name());
            assertEquals(List.of(), ((InjectingBinding) binding).plan().injected());
        }
    }
}
