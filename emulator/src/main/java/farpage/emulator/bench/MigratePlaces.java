package farpage.emulator.bench;

import farpage.emulator.experiment.Direction;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.Errno;
import java.util.Optional;

/// Where the pages of a row are now and where they were last, on either side.
///
/// @kernel None: what a measurement keeps of its pages
final class MigratePlaces {
    private final MigrateScene scene;
    private final MigrateBatches toDevice;

    /// Other commands than on the way there, so that the device's pages are at random in each.
    private final MigrateBatches toSystem;

    private final long[] systemOffsets;
    private final long[] devicePages;
    private final long[] deviceOffsets;
    private boolean isOnDevice;

    /// Makes the commands of a row.
    MigratePlaces(MigrateScene scene, MigrateCase row) {
        this.scene = scene;
        this.toDevice = MigrateBatches.of(scene, row.batchPages(), scene.newRandom());
        this.toSystem = MigrateBatches.of(scene, row.batchPages(), scene.newRandom());
        int count = scene.pageCount();
        this.systemOffsets = new long[count];
        this.devicePages = new long[count];
        this.deviceOffsets = new long[count];
    }

    MigrateBatches batches(Direction direction) {
        return switch (direction) {
            case TO_DEVICE -> toDevice;
            case TO_SYSTEM -> toSystem;
        };
    }

    /// Moves all pages, command after command or several at once.
    ///
    /// @param afterFirst is told when the first command has ended, or, where several are under way,
    ///   when the first one has that could not be among them
    MigrationResult migrate(Direction direction, int inFlight, Runnable afterFirst) {
        MigrateBatches batches = batches(direction);
        if (inFlight > 1) {
            return scene.migrate(direction, inFlight, batches, afterFirst);
        }
        Errno errno = Errno.OK;
        long moved = 0;
        for (int batch = 0; batch < batches.count(); batch++) {
            MigrationResult result = scene.migrate(direction, batches.numbers(batch));
            moved += result.movedPages();
            errno = result.errno().isOk() ? errno : result.errno();
            if (batch == 0) {
                afterFirst.run();
            }
        }
        return new MigrationResult(errno, moved);
    }

    /// Brings the pages to the side from which they will move.
    void bringBefore(Direction direction) {
        boolean wanted = direction == Direction.TO_SYSTEM;
        if (isOnDevice != wanted) {
            Direction there = wanted ? Direction.TO_DEVICE : Direction.TO_SYSTEM;
            MigrationResult _ = migrate(there, 1, () -> {});
            isOnDevice = wanted;
        }
    }

    /// All have moved.
    void moved(Direction direction) {
        isOnDevice = direction == Direction.TO_DEVICE;
    }

    /// Looks up where the pages are in RAM.
    ///
    /// @return what is wrong if they are not there
    Optional<String> lookUpSystem() {
        int missing = scene.devicePagesOf(devicePages);
        if (missing < devicePages.length) {
            return Optional.of(
                    "%d of %d pages are on the device still"
                            .formatted(devicePages.length - missing, devicePages.length));
        }
        scene.systemOffsets(systemOffsets);
        return Optional.empty();
    }

    /// Looks up where the pages are on the device.
    ///
    /// @return what is wrong if they are not there, or not in folios of the row's order
    Optional<String> lookUpDevice() {
        int missing = scene.devicePagesOf(devicePages);
        if (missing > 0) {
            return Optional.of(
                    "%d of %d pages are not on the device".formatted(missing, devicePages.length));
        }
        int order = scene.order();
        for (int page = 0; page < devicePages.length; page++) {
            deviceOffsets[page] = scene.deviceOffset(devicePages[page]);
            if (scene.order(devicePages[page]) != order) {
                return Optional.of(
                        "page %d is on the device in a folio of order %d, not %d"
                                .formatted(page, scene.order(devicePages[page]), order));
            }
        }
        return Optional.empty();
    }

    long[] devicePages() {
        return devicePages;
    }

    /// Where folios begin in RAM, in the order of a direction.
    long[] systemOffsets(Direction direction) {
        return inOrder(systemOffsets, direction);
    }

    /// Where folios begin on the device, in the order of a direction.
    long[] deviceOffsets(Direction direction) {
        return inOrder(deviceOffsets, direction);
    }

    private long[] inOrder(long[] offsets, Direction direction) {
        int[] heads = batches(direction).heads();
        long[] ordered = new long[heads.length];
        for (int i = 0; i < heads.length; i++) {
            ordered[i] = offsets[heads[i]];
        }
        return ordered;
    }
}
