package farpage.conformance;

import farpage.emulator.copy.OffloadProvider;
import farpage.emulator.devmem.CoherentAccess;
import farpage.emulator.peer.PeerMode;
import farpage.mm.hmm.P2pdmaRoutes.Route;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import org.junit.jupiter.api.Nested;

class JoclConformanceTest {
    @Nested
    class Commands extends DmirrorContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class Exclusive extends ExclusiveContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class Swap extends SwapContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class FileMigration extends FileMigrationContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class FileCopies extends FileCopyContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class LargeFileMigration extends LargeFileMigrationContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class LargeFileCopies extends LargeFileCopyContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class BrokenMemory extends MemoryFailureContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class AdviceOnDevicePages extends AdviceContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class Eviction extends EvictionContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class Compaction extends CompactionContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class LargeEviction extends LargeEvictionContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class WithoutEviction extends WithoutEvictionContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class FailingCopy extends FailingCopyContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class MigrationStreams extends MigrationStreamContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class Concurrency extends ConcurrencyContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class Lifecycle extends EmulatorLifecycleContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class CoherentInPlace extends CoherentContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }

        @Override
        CoherentAccess access() {
            return CoherentAccess.IN_PLACE;
        }
    }

    @Nested
    class CoherentByCommands extends CoherentContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }

        @Override
        CoherentAccess access() {
            return CoherentAccess.COMMANDS;
        }
    }

    @Nested
    class BatchOffloadInPlace extends BatchOffloadContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }

        @Override
        boolean inPlace() {
            return true;
        }
    }

    @Nested
    class BatchOffloadThroughDeviceMemory extends BatchOffloadContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }

        @Override
        boolean inPlace() {
            return false;
        }
    }

    @Nested
    class BatchOffloadByThreads extends BatchOffloadContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }

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
    class CoherentNodes extends CoherentNodeContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class PeerPagesDirectly extends PeerContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }

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
        ClBinding open() {
            return ClBindings.open("jocl");
        }

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
        ClBinding open() {
            return ClBindings.open("jocl");
        }

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
    class Collapse extends CollapseContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }

    @Nested
    class DeviceFailure extends DeviceFailureContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }
}
