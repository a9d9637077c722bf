package farpage.cli;

import farpage.opencl.ClBindings;
import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceInfo;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;

/// `devices`: every platform and device with the limits that matter here, usable or why not.
@CommandLine.Command(
        name = "devices",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Lists every OpenCL platform and device with the limits that matter here, usable or why not.",
            "The device that the other commands would take is marked with '*'. With no usable device the"
                    + " exit code is 3."
        },
        footer = {
            "",
            "Examples:",
            "  farpage devices",
            "  farpage devices --format=json --device=gpu"
        })
final class DevicesCommand extends Command {
    DevicesCommand(CliEnvironment environment) {
        super(environment);
    }

    /// One device with what each binding says about it.
    private record Entry(ClDevice device, int index, Map<String, String> bindings) {
        boolean isUsable() {
            return bindings.containsValue(BindingProbe.USABLE);
        }
    }

    @Override
    int run(ReportOutput output) {
        GlobalOptions.Binding preferred = options.bindingOf(environment());
        List<BindingProbe> probes = new ArrayList<>();
        try {
            for (String name : ClBindings.names()) {
                probes.add(BindingProbe.open(name));
            }
            return report(output, preferred, probes);
        } finally {
            probes.forEach(BindingProbe::close);
        }
    }

    private int report(
            ReportOutput output, GlobalOptions.Binding preferred, List<BindingProbe> probes) {
        List<ClDevice> devices = longestList(preferred, probes);
        List<Entry> entries = new ArrayList<>();
        for (int index = 0; index < devices.size(); index++) {
            environment().interruption().check();
            Map<String, String> bindings = new LinkedHashMap<>();
            for (BindingProbe probe : probes) {
                bindings.put(probe.name(), probe.status(devices.get(index), index));
            }
            entries.add(new Entry(devices.get(index), index, bindings));
        }
        int chosen = -1;
        if (entries.stream().anyMatch(Entry::isUsable)) {
            chosen = DeviceSelector.select(devices, options.deviceSelection(environment())).index();
        }
        if (options.format == OutputFormat.TEXT) {
            printText(output.stream(), entries, chosen, probes);
        } else {
            printRows(RowOutput.of(options.format, output.stream()), entries, chosen, probes);
        }
        if (chosen < 0) {
            output.commit();
            throw new CliFailure(
                    ExitCode.NO_DEVICE,
                    devices.isEmpty()
                            ? "no OpenCL device found; 'farpage doctor' tells what to install"
                            : "no usable OpenCL device; the list tells why");
        }
        return ExitCode.DONE;
    }

    /// The preferred binding's list, unless another sees more.
    private static List<ClDevice> longestList(
            GlobalOptions.Binding preferred, List<BindingProbe> probes) {
        List<ClDevice> longest = List.of();
        for (BindingProbe probe : probes) {
            boolean isPreferred = probe.name().equals(preferred.name());
            if (probe.devices().size() > longest.size()
                    || (isPreferred && probe.devices().size() == longest.size())) {
                longest = probe.devices();
            }
        }
        return longest;
    }

    private void printRows(
            RowOutput rows, List<Entry> entries, int chosen, List<BindingProbe> probes) {
        Row context = Context.base(this, "devices");
        for (BindingProbe probe : probes) {
            if (!probe.failure().isEmpty()) {
                context.put(probe.name() + "Failure", probe.failure());
            }
        }
        rows.context(context);
        for (Entry entry : entries) {
            rows.row(row(entry, entry.index() == chosen));
        }
        rows.end();
    }

    private static Row row(Entry entry, boolean isChosen) {
        ClDeviceInfo info = entry.device().info();
        Row bindings = new Row();
        entry.bindings().forEach(bindings::put);
        Row row =
                entry.isUsable()
                        ? Row.ok("devices")
                        : Row.failed("devices", String.join("; ", entry.bindings().values()));
        return row.put("index", entry.index())
                .put("name", info.name())
                .put("type", info.type().name().toLowerCase(Locale.ROOT))
                .put("chosen", isChosen)
                .put("usable", entry.isUsable())
                .put("bindings", bindings)
                .put("platform", entry.device().platform().name())
                .put("platformVersion", entry.device().platform().version())
                .put("vendor", info.vendor())
                .put("driver", info.driverVersion())
                .put("openclVersion", info.deviceVersion())
                .put("languageVersion", info.languageVersion())
                .put("computeUnits", info.computeUnits())
                .put("clockMegahertz", info.clockMegahertz())
                .put("globalMemoryBytes", info.globalMemory())
                .put("maxAllocationBytes", info.maxAllocation())
                .put("localMemoryBytes", info.localMemory())
                .put("maxWorkGroupSize", info.maxWorkGroupSize())
                .put("subBufferAlignmentBytes", info.baseAddressAlignment())
                .put("addressBits", info.addressBits())
                .put("profilingResolutionNanos", info.profilingResolutionNanos())
                .put("outOfOrderQueues", info.outOfOrderQueues())
                .put("unifiedHostMemory", info.hostUnifiedMemory());
    }

    private static void printText(
            PrintStream out, List<Entry> entries, int chosen, List<BindingProbe> probes) {
        for (BindingProbe probe : probes) {
            if (!probe.failure().isEmpty()) {
                out.print(
                        "binding %s cannot be used: %s\n".formatted(probe.name(), probe.failure()));
            }
        }
        String platform = "";
        for (Entry entry : entries) {
            String itsPlatform =
                    "%s (%s)"
                            .formatted(
                                    entry.device().platform().name(),
                                    entry.device().platform().version());
            if (!itsPlatform.equals(platform)) {
                out.print("platform " + itsPlatform + "\n");
                platform = itsPlatform;
            }
            printDevice(out, entry, entry.index() == chosen);
        }
    }

    private static void printDevice(PrintStream out, Entry entry, boolean isChosen) {
        ClDeviceInfo info = entry.device().info();
        out.print(
                "%s %d  %s (%s)\n"
                        .formatted(
                                isChosen ? "*" : " ",
                                entry.index(),
                                info.name(),
                                info.type() == farpage.opencl.ClDeviceType.ACCELERATOR
                                        ? "accelerator"
                                        : info.type().name()));
        line(out, "bindings", describeBindings(entry.bindings()));
        line(out, "driver", info.driverVersion() + ", " + info.deviceVersion());
        line(
                out,
                "memory",
                "%s in all, %s in one buffer, %s local%s"
                        .formatted(
                                SizeConverter.format(info.globalMemory()),
                                SizeConverter.format(info.maxAllocation()),
                                SizeConverter.format(info.localMemory()),
                                info.hostUnifiedMemory() ? ", shared with the host" : ""));
        line(
                out,
                "work",
                "%d compute unit%s%s, work-groups of up to %d, %s queues"
                        .formatted(
                                info.computeUnits(),
                                info.computeUnits() == 1 ? "" : "s",
                                info.clockMegahertz() > 0
                                        ? " at " + info.clockMegahertz() + " MHz"
                                        : "",
                                info.maxWorkGroupSize(),
                                info.outOfOrderQueues() ? "out-of-order" : "in-order"));
        line(
                out,
                "limits",
                "sub-buffers at multiples of %s, %d-bit addresses, event times in steps of %d ns"
                        .formatted(
                                SizeConverter.format(info.baseAddressAlignment()),
                                info.addressBits(),
                                info.profilingResolutionNanos()));
    }

    private static void line(PrintStream out, String name, String value) {
        out.print("       %-9s %s\n".formatted(name, value));
    }

    private static String describeBindings(Map<String, String> bindings) {
        List<String> described = new ArrayList<>();
        bindings.forEach((name, status) ->
                described.add(
                        status.equals(BindingProbe.USABLE)
                                ? name + " usable"
                                : name + " not usable: " + status));
        return String.join(", ", described);
    }
}
