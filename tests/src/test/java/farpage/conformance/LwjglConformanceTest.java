package farpage.conformance;

import farpage.device.BindingUnderTest;
import farpage.emulator.copy.OffloadProvider;
import farpage.emulator.devmem.CoherentAccess;
import farpage.emulator.peer.PeerMode;
import farpage.mm.hmm.P2pdmaRoutes.Route;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import org.junit.jupiter.api.Nested;

class LwjglConformanceTest implements BindingUnderTest {
    @Override
    public ClBinding open() {
        return ClBindings.open("lwjgl");
    }

    @Nested
    class Commands extends DmirrorContract {}

    @Nested
    class Exclusive extends ExclusiveContract {}

    @Nested
    class Swap extends SwapContract {}

    @Nested
    class FileMigration extends FileMigrationContract {}

    @Nested
    class FileCopies extends FileCopyContract {}

    @Nested
    class LargeFileMigration extends LargeFileMigrationContract {}

    @Nested
    class LargeFileCopies extends LargeFileCopyContract {}

    @Nested
    class BrokenMemory extends MemoryFailureContract {}

    @Nested
    class AdviceOnDevicePages extends AdviceContract {}

    @Nested
    class Eviction extends EvictionContract {}

    @Nested
    class Compaction extends CompactionContract {}

    @Nested
    class LargeEviction extends LargeEvictionContract {}

    @Nested
    class WithoutEviction extends WithoutEvictionContract {}

    @Nested
    class FailingCopy extends FailingCopyContract {}

    @Nested
    class MigrationStreams extends MigrationStreamContract {}

    @Nested
    class Concurrency extends ConcurrencyContract {}

    @Nested
    class Lifecycle extends EmulatorLifecycleContract {}

    @Nested
    class CoherentInPlace extends CoherentContract {
        @Override
        CoherentAccess access() {
            return CoherentAccess.IN_PLACE;
        }
    }

    @Nested
    class CoherentByCommands extends CoherentContract {
        @Override
        CoherentAccess access() {
            return CoherentAccess.COMMANDS;
        }
    }

    @Nested
    class BatchOffloadInPlace extends BatchOffloadContract {
        @Override
        boolean inPlace() {
            return true;
        }
    }

    @Nested
    class BatchOffloadThroughDeviceMemory extends BatchOffloadContract {
        @Override
        boolean inPlace() {
            return false;
        }
    }

    @Nested
    class BatchOffloadByThreads extends BatchOffloadContract {
        @Override
        boolean inPlace() {
            return true;
        }

        @Override
        OffloadProvider provider() {
            return OffloadProvider.THREADS;
        }
    }

    @Nested
    class CoherentNodes extends CoherentNodeContract {}

    @Nested
    class PeerPagesDirectly extends PeerContract {
        @Override
        PeerMode mode() {
            return PeerMode.UNIFIED;
        }

        @Override
        Route route() {
            return Route.BUS_ADDR;
        }
    }

    @Nested
    class PeerPagesThroughHost extends PeerContract {
        @Override
        PeerMode mode() {
            return PeerMode.UNIFIED;
        }

        @Override
        Route route() {
            return Route.THRU_HOST_BRIDGE;
        }
    }

    @Nested
    class SecondPages extends PeerContract {
        @Override
        PeerMode mode() {
            return PeerMode.TWO_PAGES;
        }

        @Override
        Route route() {
            return Route.BUS_ADDR;
        }
    }

    @Nested
    class Collapse extends CollapseContract {}

    @Nested
    class DeviceFailure extends DeviceFailureContract {}
}
