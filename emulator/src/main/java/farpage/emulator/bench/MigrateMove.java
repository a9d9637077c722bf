package farpage.emulator.bench;

import farpage.emulator.experiment.Direction;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// The whole migration of all pages of a row one way, command after command: locks, reverse map,
/// references, notifiers and copies.
///
/// @kernel mm/migrate_device.c: migrate_vma_setup, migrate_vma_pages, migrate_vma_finalize
final class MigrateMove implements BenchMove {
    private final MigrateScene scene;
    private final Optional<MemcpyPattern> pattern;
    private final RawTransfer raw;
    private final MigratePlaces places;
    private final LongSupplier nanoClock;
    private final Direction direction;
    private final int inFlight;
    private final boolean corrupts;
    private final SplittableRandom random;
    private final int count;
    private final Integer[] folios;
    private long[] patternFrom = {};
    private long[] patternTo = {};
    private Errno errno = Errno.OK;
    private long firstPageAt;

    /// @param references what it is compared with
    /// @param inFlight commands under way at once
    /// @param corrupts inverts one byte of each move's result, to see that it is noticed
    MigrateMove(
            MigrateScene scene,
            References references,
            MigratePlaces places,
            Direction direction,
            int inFlight,
            LongSupplier nanoClock,
            boolean corrupts) {
        this.scene = scene;
        this.pattern = references.pattern(scene.deviceMemory() + MigrateScene.SPARE_RAM);
        this.places = places;
        this.direction = direction;
        this.inFlight = inFlight;
        this.nanoClock = nanoClock;
        this.corrupts = corrupts;
        this.random = scene.newRandom();
        this.count = scene.pageCount();
        this.folios = new Integer[count / scene.folioPages()];
        Arrays.setAll(folios, folio -> folio * scene.folioPages());
        this.raw = references.raw(bytes());
        raw.prepare(transfer());
    }

    private TransferDirection transfer() {
        return switch (direction) {
            case TO_DEVICE -> TransferDirection.H2D;
            case TO_SYSTEM -> TransferDirection.D2H;
        };
    }

    /// Both directions of a round have contents of their own.
    private long contentsRound(long round) {
        return 2 * round + (direction == Direction.TO_DEVICE ? 0 : 1);
    }

    @Override
    public long bytes() {
        return PageSize.pageAddress(count);
    }

    @Override
    public void prepare(long round) {
        places.bringBefore(direction);
        switch (direction) {
            case TO_DEVICE -> prepareSystem(round);
            case TO_SYSTEM -> prepareDevice(round);
        }
    }

    /// New frames, given out in random order where folios are to be scattered.
    private void prepareSystem(long round) {
        if (scene.layout() == PageLayout.SCATTERED) {
            MigrateBatches.shuffle(folios, random);
        }
        for (int folio : folios) {
            scene.renew(folio);
        }
        scene.fill(contentsRound(round));
        require(places.lookUpSystem());
        setPattern(places.systemOffsets(direction), places.deviceOffsets(direction));
    }

    private void setPattern(long[] from, long[] to) {
        patternFrom = from;
        patternTo = pattern.map(memcpy -> memcpy.apart(from, to, folioBytes())).orElse(to);
    }

    private void prepareDevice(long round) {
        require(places.lookUpDevice());
        scene.devicePages().fill(places.devicePages(), count, contentsRound(round));
        setPattern(places.deviceOffsets(direction), places.systemOffsets(direction));
    }

    private static void require(Optional<String> wrong) {
        if (wrong.isPresent()) {
            throw new IllegalStateException(wrong.get());
        }
    }

    @Override
    public void move() {
        MigrationResult result =
                places.migrate(direction, inFlight, () -> firstPageAt = nanoClock.getAsLong());
        if (!result.errno().isOk()) {
            errno = result.errno();
        }
    }

    @Override
    public long firstPageAt() {
        return firstPageAt;
    }

    @Override
    public void raw() {
        raw.run(transfer());
    }

    @Override
    public boolean hasPattern() {
        return pattern.isPresent();
    }

    @Override
    public void pattern() {
        pattern.orElseThrow().copy(patternFrom, patternTo, folioBytes());
    }

    private long folioBytes() {
        return PageSize.pageAddress(scene.folioPages());
    }

    @Override
    public Optional<String> verify(long round) {
        places.moved(direction);
        if (!errno.isOk()) {
            return Optional.of("a command ended with " + errno.describe());
        }
        Optional<String> astray =
                switch (direction) {
                    case TO_DEVICE -> places.lookUpDevice();
                    case TO_SYSTEM -> places.lookUpSystem();
                };
        if (astray.isPresent()) {
            return astray;
        }
        if (corrupts) {
            corrupt((int) (round % count), (int) ((round * Long.BYTES + 1) % PageSize.PAGE_SIZE));
        }
        return switch (direction) {
            case TO_DEVICE ->
                    scene.devicePages().mismatch(places.devicePages(), count, contentsRound(round));
            case TO_SYSTEM -> scene.mismatch(contentsRound(round));
        };
    }

    private void corrupt(int page, int offset) {
        switch (direction) {
            case TO_DEVICE -> scene.devicePages().corrupt(places.devicePages()[page], offset);
            case TO_SYSTEM -> scene.corrupt(page, offset);
        }
    }
}
