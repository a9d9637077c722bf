package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What the figures of `experiment large-folios` say, in sentences. Every number in them is from
/// the run itself.
final class LargeFolioReading {
    /// The most that the bookkeeping for a folio of 2 MiB is to take.
    static final double GOAL_MICROS = 10;

    /// What the best driver that published figures takes: Xe with drm_pagemap, January 2026.
    private static final int PUBLISHED_MICROS = 22;

    private static final int HUGE_ORDER = 9;
    private static final int KIBI_SHIFT = 10;
    private static final int MEBI_SHIFT = 20;

    private final LargeFolioResult result;

    LargeFolioReading(LargeFolioResult result) {
        this.result = result;
    }

    /// The bookkeeping for one folio of 2 MiB beside that for as many base pages.
    record Comparison(Direction direction, MoveCost large, MoveCost base) {
        double largeMicros() {
            return large.bookkeepingNanos() / 1e3;
        }

        double baseMicros() {
            return base.bookkeepingNanos() / 1e3;
        }

        double times() {
            return baseMicros() / Math.max(1e-3, largeMicros());
        }

        boolean isGoalMet() {
            return largeMicros() <= GOAL_MICROS;
        }
    }

    /// One for each direction, if both sizes were measured.
    List<Comparison> comparisons() {
        List<Comparison> found = new ArrayList<>();
        if (result.plan().orders().containsAll(List.of(0, HUGE_ORDER))) {
            for (Direction direction : Direction.values()) {
                found.add(
                        new Comparison(
                                direction,
                                whole(MoveUnit.BLOCK, HUGE_ORDER, direction),
                                whole(MoveUnit.BLOCK, 0, direction)));
            }
        }
        return found;
    }

    private MoveCost whole(MoveUnit unit, int order, Direction direction) {
        return result.cost(unit, order, FolioPath.WHOLE, direction);
    }

    /// What was found, a sentence or two each.
    List<String> findings() {
        List<String> findings = new ArrayList<>();
        comparisons().forEach(each -> findings.add(describe(each)));
        if (comparisons().isEmpty()) {
            return findings;
        }
        findings.add(
                "The goal for 2 MiB is %.0f µs; the best published figure of a driver is %d µs."
                        .formatted(GOAL_MICROS, PUBLISHED_MICROS));
        for (Direction direction : Direction.values()) {
            addHalf(findings, direction);
        }
        for (Direction direction : Direction.values()) {
            findings.add(describeSplit(direction));
        }
        return findings;
    }

    private static String describe(Comparison comparison) {
        return String.format(
                Locale.ROOT,
                "%s, one folio of 2 MiB takes %.1f µs of bookkeeping, 512 base pages take %.1f µs:"
                        + " %.1f times as much. The goal is %s.",
                name(comparison.direction()),
                comparison.largeMicros(),
                comparison.baseMicros(),
                comparison.times(),
                comparison.isGoalMet() ? "met" : "missed");
    }

    /// From which order on there is at most half of the bookkeeping.
    private void addHalf(List<String> findings, Direction direction) {
        long half = whole(MoveUnit.BLOCK, 0, direction).bookkeepingNanos() / 2;
        for (int order : result.plan().orders()) {
            MoveCost cost = whole(MoveUnit.BLOCK, order, direction);
            if (cost.bookkeepingNanos() <= half) {
                findings.add(
                        String.format(
                                Locale.ROOT,
                                "%s, the smallest folios with at most half of the bookkeeping of base"
                                        + " pages are those of %s (order %d): %.1f µs for 2 MiB.",
                                name(direction),
                                size(cost.folioBytes()),
                                order,
                                cost.bookkeepingNanos() / 1e3));
                return;
            }
        }
    }

    private String describeSplit(Direction direction) {
        MoveCost split = result.cost(MoveUnit.BLOCK, HUGE_ORDER, FolioPath.SPLIT, direction);
        return String.format(
                Locale.ROOT,
                "%s, a folio of 2 MiB that has to be split takes %.1f µs of bookkeeping.",
                name(direction),
                split.bookkeepingNanos() / 1e3);
    }

    /// What may not be concluded.
    List<String> limits(boolean isUnified) {
        List<String> limits = new ArrayList<>();
        limits.add(
                "Bookkeeping here is that of a model: page tables, folios, reverse map, notifiers and"
                        + " the driver's page table are arrays, and nobody sends interrupts to flush"
                        + " TLBs. What carries over is how it grows with the number of folios, not"
                        + " the microseconds.");
        limits.add(
                "Folios below 2 MiB are mapped by an entry for each page, and each is changed on its"
                        + " own; processors that join such entries in hardware are not modelled.");
        limits.add(
                "There is no IOMMU to program, no command ring and no fault message of a device; a"
                        + " device's fault begins here when the driver has been told.");
        if (isUnified) {
            limits.add(
                    "This device shares the host's memory: its copies are the processor's, and there"
                            + " is no bus. On a device behind PCIe a copy of 2 MiB takes some 100 µs"
                            + " and a command some microseconds more, so many small copies cost more"
                            + " there than here.");
        }
        return limits;
    }

    static String name(Direction direction) {
        return switch (direction) {
            case TO_DEVICE -> "To the device";
            case TO_SYSTEM -> "To the system";
        };
    }

    /// The size of a folio.
    static String size(long bytes) {
        return bytes >> MEBI_SHIFT > 0
                ? (bytes >> MEBI_SHIFT) + " MiB"
                : (bytes >> KIBI_SHIFT) + " KiB";
    }
}
