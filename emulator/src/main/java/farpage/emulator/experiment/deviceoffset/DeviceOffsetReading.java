package farpage.emulator.experiment.deviceoffset;

import farpage.emulator.experiment.Direction;
import farpage.mm.physical.NumberSpace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What the figures say, in sentences.
final class DeviceOffsetReading {
    private static final double MILLI = 1e6;
    private static final double KIB = 1 << 10;

    // Of a virtual machine, and of 4-level paging.
    private static final int FEW_BITS = 40;
    private static final int MANY_BITS = 46;

    /// With fewer runs nothing is known of how they differ.
    private static final int REPS_MIN = 5;

    private final List<WindowTrials.Result> windows;
    private final List<DescriptorTrials.Result> descriptors;
    private final List<SpaceCosts.Result> costs;

    DeviceOffsetReading(
            List<WindowTrials.Result> windows,
            List<DescriptorTrials.Result> descriptors,
            List<SpaceCosts.Result> costs) {
        this.windows = windows;
        this.descriptors = descriptors;
        this.costs = costs;
    }

    List<String> findings() {
        List<String> found = new ArrayList<>();
        long outside = windows.stream().filter(WindowTrials.Result::outside).count();
        long one = windows.stream().filter(WindowTrials.Result::one).count();
        found.add(
                "one device finds physical addresses in %d of %d plain maps, and numbers outside in %d"
                        .formatted(one, windows.size(), outside));
        for (long bytes : DeviceOffsetPlan.DEVICE_SIZES) {
            found.add(window(bytes));
        }
        for (long bytes : DeviceOffsetPlan.DEVICE_SIZES) {
            found.add(descriptors(bytes));
        }
        for (Direction direction : Direction.values()) {
            found.add(cost(direction));
        }
        return found;
    }

    private String window(long bytes) {
        String size = DeviceOffsetTables.size(bytes);
        int plain = leastBits(bytes, 1);
        int many = leastBits(bytes, WindowTrials.DEVICES);
        return "%s: one needs %s, %d need %s; of %d random layouts %d leave one a window with %d bits, and %d with %d"
                .formatted(
                        size,
                        bits(plain),
                        WindowTrials.DEVICES,
                        bits(many),
                        WindowTrials.SHUFFLES,
                        oneShuffled(bytes, FEW_BITS),
                        FEW_BITS,
                        oneShuffled(bytes, MANY_BITS),
                        MANY_BITS);
    }

    private int oneShuffled(long bytes, int bits) {
        return windows.stream()
                .filter(each -> each.deviceBytes() == bytes && each.bits() == bits)
                .mapToInt(WindowTrials.Result::oneShuffled)
                .sum();
    }

    private int leastBits(long bytes, int devices) {
        return windows.stream()
                .filter(each -> each.deviceBytes() == bytes && each.many() >= devices)
                .mapToInt(WindowTrials.Result::bits)
                .min()
                .orElse(-1);
    }

    private static String bits(int bits) {
        return bits < 0 ? "more bits than there are" : "at least " + bits + " bits";
    }

    private String descriptors(long bytes) {
        StringBuilder text = new StringBuilder(DeviceOffsetTables.size(bytes)).append(": ");
        String separator = "";
        for (DescriptorTrials.Result each : descriptors) {
            if (each.deviceBytes() == bytes) {
                text.append(separator)
                        .append(
                                String.format(
                                        Locale.ROOT,
                                        "%s take %,.1f KiB and %,.3f ms%s",
                                        each.kind().label(),
                                        each.registeredBytes() / KIB,
                                        each.setUpNanos() / MILLI,
                                        each.isScaled()
                                                ? " (scaled from "
                                                        + DeviceOffsetTables.size(
                                                                each.measuredBytes())
                                                        + ")"
                                                : ""));
                separator = ", ";
            }
        }
        return text.toString();
    }

    private String cost(Direction direction) {
        SpaceCosts.Result offset = cost(NumberSpace.OFFSET, direction);
        SpaceCosts.Result physical = cost(NumberSpace.PHYSICAL, direction);
        long apart = offset.nanosPerRange().median() - physical.nanosPerRange().median();
        boolean isNoise = Math.abs(apart) <= Math.max(spread(offset), spread(physical));
        String told = "more than the runs of one space differ among themselves";
        if (offset.nanosPerRange().reps() < REPS_MIN) {
            told = "too few runs to tell whether that differs";
        } else if (isNoise) {
            told = "the runs of one space differ more among themselves";
        }
        return String.format(
                Locale.ROOT,
                "%s a page takes %.0f ns outside the map and %.0f ns in it: %s",
                direction == Direction.TO_DEVICE ? "to the device" : "back",
                offset.nanosPerPage(),
                physical.nanosPerPage(),
                told);
    }

    private static long spread(SpaceCosts.Result result) {
        return result.nanosPerRange().p90() - result.nanosPerRange().median();
    }

    private SpaceCosts.Result cost(NumberSpace space, Direction direction) {
        return costs.stream()
                .filter(each -> each.space() == space && each.direction() == direction)
                .findAny()
                .orElseThrow();
    }

    List<String> limits() {
        return List.of(
                "the physical address map is one of a server with %s of RAM in one piece, whose"
                                .formatted(DeviceOffsetTables.size(WindowTrials.RAM_BYTES))
                        + " firmware gives an eighth to PCI windows; real maps have more holes",
                "a random layout leaves an end drawn evenly between RAM and the whole map; Linux"
                        + " derives it from RAM and a padding, and the share of machines that it"
                        + " concerns is not known from this",
                "descriptors of 64 bytes are made by one thread in Java; the kernel makes them in"
                        + " parallel where it can, and maps them with huge pages",
                "the words of this model name pages alike in both spaces, so a migration does the"
                        + " same in both; what a kernel would save or pay for the flag is not shown");
    }
}
