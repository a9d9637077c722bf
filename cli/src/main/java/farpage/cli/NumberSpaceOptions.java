package farpage.cli;

import farpage.emulator.EmulatorConfig;
import farpage.mm.physical.NumberSpace;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.physical.PhysicalLayout;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// Where the numbers of device-private pages come from, for the commands that make a machine.
final class NumberSpaceOptions {
    @Option(
            names = "--number-space",
            paramLabel = "SPACE",
            converter = Converter.class,
            description = {
                "Where device-private pages have their numbers: offset (a space of their own) or"
                        + " physical (the physical address map, as in Linux 7.0); default: offset"
            })
    NumberSpace space = NumberSpace.OFFSET;

    @Option(
            names = "--physical-bits",
            paramLabel = "N",
            description = "Bits of a physical address, with --number-space=physical; default: 46")
    Optional<Integer> physicalBits = Optional.empty();

    @Option(
            names = "--physical-shuffle",
            paramLabel = "SEED",
            description = {
                "Lays the kernel's address space out at random, which takes a part of the physical"
                        + " address map away; with --number-space=physical"
            })
    Optional<Long> shuffleSeed = Optional.empty();

    /// A space as users type it.
    static final class Converter implements ITypeConverter<NumberSpace> {
        @Override
        public NumberSpace convert(String value) {
            return Arrays.stream(NumberSpace.values())
                    .filter(space -> space.label().equals(value))
                    .findAny()
                    .orElseThrow(() ->
                            new TypeConversionException(
                                    "'%s' is no number space; right would be one of %s"
                                            .formatted(value, labels())));
        }
    }

    private static String labels() {
        return Arrays.stream(NumberSpace.values())
                .map(NumberSpace::label)
                .collect(Collectors.joining(", "));
    }

    /// The machine's part of it.
    ///
    /// @throws CliFailure for options that do not go together, more bits than there are, or fewer
    ///   than the machine's memory needs
    EmulatorConfig apply(EmulatorConfig config) {
        if (space == NumberSpace.OFFSET) {
            if (physicalBits.isPresent() || shuffleSeed.isPresent()) {
                throw new CliFailure(
                        ExitCode.USAGE,
                        "%s: device pages are not in the physical address map; right would be"
                                        .formatted(
                                                physicalBits.isPresent()
                                                        ? "--physical-bits"
                                                        : "--physical-shuffle")
                                + " --number-space=physical beside it");
            }
            return config;
        }
        try {
            PhysicalLayout plain =
                    physicalBits.map(PhysicalLayout::of).orElse(PhysicalLayout.DEFAULT);
            PhysicalLayout layout = shuffleSeed.map(plain::shuffled).orElse(plain);
            PhysicalAddressMap tried = new PhysicalAddressMap(layout, config.ramSize());
            return config.withNumberSpace(space).withPhysicalLayout(tried.layout());
        } catch (IllegalArgumentException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--physical-bits: " + Objects.requireNonNull(failure.getMessage()));
        }
    }
}
