package farpage.cli;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import farpage.opencl.ClKernel;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClProgram;
import farpage.opencl.ClQueue;
import farpage.opencl.WorkSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/// Looks at OpenCL by using it: each binding, each device, and one small kernel on each.
final class OpenClChecks {
    private static final String PROBE_SOURCE =
            """
            kernel void probe(global int *values) {
                values[get_global_id(0)] += 41;
            }
            """;
    private static final int PROBE_ITEMS = 64;
    private static final String DRIVER_REMEDY =
            "check the driver with 'clinfo'; for PoCL see that 'ld' and libgcc are there"
                    + " ('apt-get install binutils libgcc-12-dev') and its cache can be written"
                    + " (POCL_CACHE_DIR)";

    private final Interruption interruption;
    private final CopyPlanChecks copyPlans;

    /// @param binding whose measured plans are told
    OpenClChecks(CliEnvironment environment, String binding) {
        this.interruption = environment.interruption();
        this.copyPlans = new CopyPlanChecks(environment, binding);
    }

    /// All checks: bindings first, then PoCL, then kernels on every device, and how it copies.
    List<DoctorCheck> all() {
        List<DoctorCheck> checks = new ArrayList<>();
        List<ClDevice> seen = List.of();
        for (String name : ClBindings.names()) {
            interruption.check();
            try (BindingProbe probe = BindingProbe.open(name)) {
                checks.add(binding(probe));
                seen = probe.devices().size() > seen.size() ? probe.devices() : seen;
            }
        }
        checks.add(pocl(seen));
        for (int index = 0; index < seen.size(); index++) {
            interruption.check();
            checks.add(kernels(seen.get(index), index));
            if (seen.get(index).info().obstacle().isEmpty()) {
                checks.addAll(copyPlans.of(seen.get(index), index));
            }
        }
        return checks;
    }

    private static DoctorCheck binding(BindingProbe probe) {
        String name = "binding " + probe.name();
        if (!probe.failure().isEmpty()) {
            return DoctorCheck.failed(
                    name,
                    probe.failure(),
                    "its natives are unpacked below java.io.tmpdir ("
                            + System.getProperty("java.io.tmpdir")
                            + "), which must allow execution; or use the other --binding");
        }
        if (probe.devices().isEmpty()) {
            return DoctorCheck.failed(
                    name, "works, but sees no device", "see ICD files and ICD loader above");
        }
        List<String> unusable = new ArrayList<>();
        for (int index = 0; index < probe.devices().size(); index++) {
            String status = probe.status(probe.devices().get(index), index);
            if (!status.equals(BindingProbe.USABLE)) {
                unusable.add("device " + index + ": " + status);
            }
        }
        String found = "sees %d device(s)".formatted(probe.devices().size());
        if (unusable.size() == probe.devices().size()) {
            return DoctorCheck.failed(
                    name, found + "; " + String.join("; ", unusable), DRIVER_REMEDY);
        }
        return unusable.isEmpty()
                ? DoctorCheck.ok(name, found)
                : DoctorCheck.advice(
                        name, found + "; " + String.join("; ", unusable), DRIVER_REMEDY);
    }

    private static DoctorCheck pocl(List<ClDevice> devices) {
        String found =
                devices.stream()
                        .filter(DeviceSelector::isPocl)
                        .map(device -> device.info().name() + ", " + device.info().driverVersion())
                        .collect(Collectors.joining("; "));
        return found.isEmpty()
                ? DoctorCheck.advice(
                        "PoCL",
                        "not installed",
                        "'apt-get install pocl-opencl-icd' gives a CPU device beside the others")
                : DoctorCheck.ok("PoCL", found);
    }

    private static DoctorCheck kernels(ClDevice seen, int index) {
        String name = "kernels on device " + index;
        if (seen.info().obstacle().isPresent()) {
            return DoctorCheck.advice(
                    name, seen.info().obstacle().get(), "another device of the list");
        }
        String found = seen.info().name();
        for (String bindingName : ClBindings.names()) {
            try (ClBinding binding = ClBindings.open(bindingName)) {
                List<ClDevice> devices = binding.devices();
                if (index >= devices.size()) {
                    continue;
                }
                return runsKernel(binding, devices.get(index))
                        ? DoctorCheck.ok(name, found + " builds and runs them")
                        : DoctorCheck.failed(name, found + " computed nonsense", DRIVER_REMEDY);
            } catch (ClException failure) {
                found = Objects.requireNonNullElse(failure.getMessage(), failure.toString());
            }
        }
        return DoctorCheck.failed(name, found, DRIVER_REMEDY);
    }

    private static boolean runsKernel(ClBinding binding, ClDevice device) {
        long size = (long) PROBE_ITEMS * Integer.BYTES;
        try (Arena arena = Arena.ofConfined();
                ClContext context = binding.createContext(device);
                ClQueue queue = context.createQueue(device);
                ClBuffer buffer = context.createBuffer(size, ClMemoryFlag.READ_WRITE);
                ClProgram program = context.buildProgram("probe", PROBE_SOURCE, "");
                ClKernel kernel = program.createKernel("probe")) {
            MemorySegment values = arena.allocate(size, Long.BYTES);
            for (int item = 0; item < PROBE_ITEMS; item++) {
                values.setAtIndex(ValueLayout.JAVA_INT, item, item);
            }
            queue.writeBlocking(buffer, 0, values);
            kernel.setBuffer(0, buffer);
            queue.enqueueLaunch(kernel, new WorkSize(PROBE_ITEMS, 0));
            queue.readBlocking(buffer, 0, values);
            for (int item = 0; item < PROBE_ITEMS; item++) {
                if (values.getAtIndex(ValueLayout.JAVA_INT, item) != item + 41) {
                    return false;
                }
            }
            return true;
        }
    }
}
