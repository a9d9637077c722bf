package farpage.cli;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.workload.AccessPhases;
import farpage.emulator.workload.PageSet;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.memory.FolioOrders;
import farpage.mm.numa.MemoryNode;
import farpage.mm.swap.SwapFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How a recorded program is dealt out to CPU and device, and on what machine.
final class WorkloadOptions {
    @Option(
            names = "--phase-length",
            paramLabel = "N",
            description = {
                "Accesses in a period, which begins with the CPU's part and ends with the device's;"
                        + " default: ${DEFAULT-VALUE}"
            })
    long phaseLength = 150_000;

    @Option(
            names = "--device-share",
            paramLabel = "SHARE",
            description = "The device's part of each period, 0 to 1; default: ${DEFAULT-VALUE}")
    double deviceShare = 0.5;

    @Option(
            names = "--pages",
            paramLabel = "SET",
            description = {
                "The pages that the device may touch: "
                        + PageSet.FORMS
                        + "; default: ${DEFAULT-VALUE}"
            })
    String pages = "all";

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "RAM of the machine; default: 2 GiB, of which only what is touched is used")
    long memoryBytes = 2L << 30;

    /// What the device takes at most; below 0 is the command's own default.
    @Option(
            names = "--device-memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = {
                "Memory of the device; what finds no room pushes other pages out. Default: 64 MiB, for"
                        + " demo 1 MiB"
            })
    long deviceMemoryBytes = -1;

    /// The folio orders that were asked for, if any.
    @Option(
            names = "--orders",
            paramLabel = "LIST",
            converter = OrdersConverter.class,
            description = {
                "Folio orders in use, in system memory and on devices, beside base pages: 9 is 2 MiB,"
                        + " 2-9 every size from 16 KiB, 0 none. Default: large folios where a program"
                        + " asks for them; for churn 2-9"
            })
    Optional<FolioOrders> orders = Optional.empty();

    /// Memory of a node without CPUs; 0 is none.
    @Option(
            names = "--coherent-node",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = {
                "A NUMA node without CPUs besides, whose memory is the device's and is used in place:"
                        + " what finds no room in RAM goes there. RAM and node in multiples of 4 MiB;"
                        + " default: none"
            })
    long coherentNodeBytes = 0;

    @Mixin ShowOptions show = new ShowOptions();

    @Mixin CopyOptions copy = new CopyOptions();

    @Mixin NumberSpaceOptions numbers = new NumberSpaceOptions();

    /// Size of the swap area; 0 is none.
    @Option(
            names = "--swap",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "A swap file of that size takes what finds no room in RAM; default: none")
    long swapBytes = 0;

    /// Where the swap file is made; empty for the temporary folder.
    @Option(
            names = "--swap-file",
            paramLabel = "FILE",
            description = {
                "The swap file, which must not exist and is deleted at the end; default: one in the"
                        + " temporary folder"
            })
    String swapFile = "";

    /// Has all anonymous memory of a machine made of folios of the orders that were asked for, if
    /// any, and cold pages sink to the node that was asked for, if any.
    void useOrders(Machine machine) {
        orders.ifPresent(asked -> machine.hugePages().useAlways(asked));
        machine.numa().setDemotionEnabled(coherentNodeBytes > 0);
    }

    /// The devices' part of it, and where their pages have their numbers.
    EmulatorConfig machine(EmulatorConfig config) {
        return numbers.apply(withNode(orders.map(config::withOrders).orElse(config)));
    }

    /// The node that was asked for, if any.
    EmulatorConfig withNode(EmulatorConfig config) {
        return coherentNodeBytes == 0
                ? config
                : config.withCoherentNode(MemoryNode.ofSize(coherentNodeBytes));
    }

    /// Gives a machine the swap file that was asked for, if any.
    void swapOn(Machine machine) {
        if (swapBytes == 0) {
            if (!swapFile.isEmpty()) {
                throw new CliFailure(
                        ExitCode.USAGE, "--swap-file: without a size; right would be --swap=SIZE");
            }
            return;
        }
        try {
            Path file;
            if (swapFile.isEmpty()) {
                file = Files.createTempFile("farpage", ".swap");
            } else {
                file = Path.of(swapFile);
                if (Files.exists(file)) {
                    throw new CliFailure(
                            ExitCode.USAGE,
                            "--swap-file: %s exists; right would be a new file".formatted(file));
                }
            }
            Errno errno = machine.swap().swapOn(new SwapFile(file, swapBytes));
            assert errno.isOk() : "the machine is new, so it has no swap area";
        } catch (IllegalArgumentException failure) {
            throw new CliFailure(
                    ExitCode.USAGE, "--swap: " + Objects.requireNonNull(failure.getMessage()));
        } catch (IOException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--swap-file: a swap file cannot be made (%s); right would be a folder that can"
                                    .formatted(failure)
                            + " be written");
        }
    }

    /// How accesses are dealt out.
    AccessPhases newPhases(long seed) {
        try {
            return new AccessPhases(phaseLength, deviceShare, PageSet.parse(pages, seed), seed);
        } catch (IllegalArgumentException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--phase-length, --device-share, --pages: "
                            + Objects.requireNonNull(failure.getMessage()));
        }
    }
}
