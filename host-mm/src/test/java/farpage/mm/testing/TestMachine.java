package farpage.mm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.inspect.MmInvariants;
import farpage.mm.lock.HeldRanks;
import farpage.mm.memory.FolioTable;
import farpage.mm.numa.MemoryNode;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.physical.PhysicalLayout;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/// A small machine for one test. When the test is over, it checks every invariant, ends all
/// processes, and checks that each page, system and device, came back.
///
/// The test runs in a thread of its own, so that a lock it forgets can not spoil the next test, and
/// one that hangs is shown with its stack instead of stopping the build.
public final class TestMachine implements InvocationInterceptor {
    private static final Duration HANG = Duration.ofSeconds(60);

    /// A memory section.
    private static final long COHERENT_PLACE_PAGES = 1 << 15;

    private final Machine machine;
    private final List<TestDevice> devices = new ArrayList<>();

    public TestMachine() {
        this(1024);
    }

    public TestMachine(int pageCount) {
        machine = new Machine(4096L * pageCount);
    }

    /// A machine whose device pages are in its physical address map.
    public TestMachine(int pageCount, PhysicalLayout layout) {
        long ramSize = 4096L * pageCount;
        machine = new Machine(ramSize, Optional.of(new PhysicalAddressMap(layout, ramSize)));
    }

    /// A machine with nodes without CPUs.
    public TestMachine(int pageCount, MemoryNode... nodes) {
        machine = new Machine(4096L * pageCount, List.of(nodes), Optional.empty());
    }

    public Machine machine() {
        return machine;
    }

    public FolioTable folios() {
        return machine.folios();
    }

    public TestProcess newProcess() {
        return new TestProcess(machine.newProcess());
    }

    public TestDevice newDevice(int pageCount) {
        return add(new TestDevice(machine, pageCount, Page.NONE));
    }

    /// A device whose driver gives pages back to their files.
    public TestDevice newPagecacheDevice(int pageCount) {
        return add(new TestDevice(machine, pageCount, Page.NONE, true));
    }

    /// A device whose memory CPUs map. Each has a place of its own.
    public TestDevice newCoherentDevice(int pageCount) {
        long place = Page.COHERENT_DEVICE_PFN_MIN + devices.size() * COHERENT_PLACE_PAGES;
        return add(new TestDevice(machine, pageCount, Page.ofDevicePfn(place)));
    }

    private TestDevice add(TestDevice device) {
        devices.add(device);
        return device;
    }

    @Override
    public void interceptTestMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invocationContext,
            ExtensionContext extensionContext) {
        watch(invocation);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invocationContext,
            ExtensionContext extensionContext) {
        watch(invocation);
    }

    private void watch(Invocation<@Nullable Void> invocation) {
        assertTimeoutPreemptively(
                HANG,
                () -> {
                    invocation.proceed();
                    checkAndClose();
                });
    }

    /// All that holds between operations.
    public void check() {
        assertTrue(HeldRanks.holdsNothing(), () -> "still held: " + HeldRanks.describe());
        MmInvariants.assertHold(machine);
    }

    private void checkAndClose() {
        check();
        for (Mm mm : machine.processes()) {
            mm.exit();
        }
        check();
        for (TestDevice device : devices) {
            device.close();
        }
        assertEquals(0, machine.usedPageCount(), "system pages not given back");
        machine.close();
    }
}
