package farpage.property;

import farpage.opencl.ClBinding;
import farpage.testing.ModelRun;
import farpage.testing.ModelSetting;
import farpage.testing.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// What holds of every sequence of operations on two devices: data, errors and permissions are what
/// the oracle says, the invariants hold in between, and nothing is left in the end. Some sequences
/// are the same in each run, the others are drawn from the seed of the suite.
abstract class EmulatorProperties {
    /// Sequences that a method tries, and operations in each.
    record Effort(int fixed, int fresh, int operations) {}

    abstract ClBinding open();

    abstract Effort effort();

    private void check(ModelSetting setting, int pageCountMax) {
        String name = getClass().getSimpleName() + "-" + setting;
        SplittableRandom fresh = Seeds.random(name);
        Effort effort = effort();
        for (int i = 0; i < effort.fixed() + effort.fresh(); i++) {
            long seed = i < effort.fixed() ? i : fresh.nextLong();
            try (ClBinding binding = open()) {
                new ModelRun(name, () -> setting.open(binding, seed, pageCountMax), setting.rules())
                        .check(
                                seed,
                                effort.operations(),
                                pageCountMax,
                                Seeds.reproduce(getClass()));
            }
        }
    }

    @Test
    void everyByteIsWhereTheLastStorePutIt() {
        check(ModelSetting.ROOMY, 700);
    }

    @Test
    void foliosOfEveryOrderLoseNothing() {
        check(ModelSetting.MIXED_ORDERS, 80);
    }

    @Test
    void foliosOfEveryOrderWhereTheCpuReachesThemLoseNothing() {
        check(ModelSetting.MIXED_ORDERS_COHERENT, 80);
    }

    @Test
    void deviceMemoryThatIsTooSmallLosesNothing() {
        check(ModelSetting.TIGHT, 200);
    }

    @Test
    void deviceMemoryThatIsFullWithoutEvictionLosesNothing() {
        check(ModelSetting.FULL, 200);
    }

    @Test
    void memoryThatTheCpuReachesInPlaceLosesNothing() {
        check(ModelSetting.COHERENT, 200);
    }

    @Test
    void memoryThatTheCpuReachesByCommandsLosesNothingBesideADeviceThatItDoesNotReach() {
        check(ModelSetting.MIXED, 200);
    }

    @Test
    void coherentMemoryThatFailsAndIsTooSmallLosesNothing() {
        check(ModelSetting.COHERENT_FAILING, 100);
    }

    @Test
    void failingOpenClCallsLoseNothing() {
        check(ModelSetting.FAILING, 100);
    }

    @Test
    void failingOpenClCallsLoseNothingWhileDeviceMemoryIsTooSmall() {
        check(ModelSetting.FAILING_TIGHT, 100);
    }

    @Test
    void pagesOfFilesThatMoveToDevicesLoseNothing() {
        check(ModelSetting.FILES_MOVED, 100);
    }

    @Test
    void pagesOfFilesThatMoveLoseNothingWhereTheyEvictEachOther() {
        check(ModelSetting.FILES_MOVED_TIGHT, 100);
    }

    @Test
    void pagesOfFilesThatMoveLoseNothingWhenCallsFail() {
        check(ModelSetting.FILES_MOVED_FAILING, 100);
    }

    @Test
    void copiesOfPagesOfFilesAreNeverOld() {
        check(ModelSetting.FILES_COPIED, 100);
    }

    @Test
    void copiesOfPagesOfFilesAreNeverOldWhereDeviceMemoryIsTooSmall() {
        check(ModelSetting.FILES_COPIED_TIGHT, 100);
    }

    @Test
    void copiesOfPagesOfFilesAreNeverOldWhenCallsFail() {
        check(ModelSetting.FILES_COPIED_FAILING, 100);
    }

    @Test
    void devicesThatUseEachOthersMemoryLoseNothing() {
        check(ModelSetting.PEERS, 100);
    }

    @Test
    void devicesThatUseEachOthersMemoryLoseNothingWhereItIsTooSmall() {
        check(ModelSetting.PEERS_TIGHT, 100);
    }

    @Test
    void devicesThatUseEachOthersMemoryLoseNothingWhenCallsFail() {
        check(ModelSetting.PEERS_FAILING, 100);
    }

    @Test
    void basePagesThatAreJoinedLoseNothing() {
        check(ModelSetting.COLLAPSING, 700);
    }

    @Test
    void everyDesignAtOnceLosesNothing() {
        check(ModelSetting.ALL_MOVED, 700);
        check(ModelSetting.ALL_COPIED, 700);
    }

    @Test
    void everyDesignAtOnceLosesNothingWhereThereIsTooLittle() {
        check(ModelSetting.ALL_MOVED_TIGHT, 700);
        check(ModelSetting.ALL_COPIED_TIGHT, 700);
    }

    @Test
    void everyDesignAtOnceLosesNothingWhenCallsFail() {
        check(ModelSetting.ALL_MOVED_FAILING, 100);
    }
}
