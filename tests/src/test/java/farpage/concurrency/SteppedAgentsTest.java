package farpage.concurrency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.devmem.CoherentAccess;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.stress.Agent;
import farpage.emulator.stress.StressScene;
import farpage.mm.file.FileBackedMode;
import farpage.opencl.ClBinding;
import farpage.testing.Interleavings;
import farpage.testing.SteppedRunner;
import farpage.testing.opencl.FakeClBinding;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// CPUs and devices on one process that fault, migrate both ways, unmap, protect, fork and evict,
/// under hundreds of interleavings: every load sees what was stored last, and the invariants hold
/// when all have come to rest.
final class SteppedAgentsTest {
    private static final int STEPS = 12;

    private final ClBinding binding = FakeClBinding.open();

    /// Pages that devices had of each other, in all scenes.
    private long peerMappings;

    @AfterEach
    void closeBinding() {
        binding.close();
    }

    /// Agents on a machine of their own, whose devices have memory for some of the pages only. Two
    /// machines of four have a coherent device besides, which CPUs reach in place or by commands.
    private final class AgentsScene implements Interleavings.Scene {
        private final Emulator emulator;
        private final StressScene scene;

        AgentsScene(long seed) {
            this(seed, PeerMode.OFF, FileBackedMode.OFF);
        }

        AgentsScene(long seed, PeerMode peers, FileBackedMode files) {
            CoherentAccess access =
                    (seed & 2) == 0 ? CoherentAccess.IN_PLACE : CoherentAccess.COMMANDS;
            emulator =
                    new Emulator(
                            EmulatorConfig.of(binding, binding.devices().getFirst())
                                    .withRamSize(2L << 20)
                                    .withDeviceMemory(8 * 4096)
                                    .withChunkSize(4 * 4096)
                                    .withCoherentDeviceCount((int) (seed & 1))
                                    .withCoherentAccess(access)
                                    .withPeerMode(peers)
                                    .withFileBacked(files)
                                    .withPeerMappings(4)
                                    .withNanoClock(() -> 0));
            scene = new StressScene(emulator, new StressScene.Sizes(3, 2, 2, true), seed);
        }

        @Override
        public Map<String, Runnable> bodies() {
            Map<String, Runnable> bodies = new LinkedHashMap<>();
            for (Agent agent : scene.agents()) {
                bodies.put(agent.name(), () -> work(agent));
            }
            return bodies;
        }

        private static void work(Agent agent) {
            for (int step = 0; step < STEPS; step++) {
                agent.step();
            }
            agent.finish();
        }

        @Override
        public void verify() {
            scene.verify(0);
            for (EmulatedDevice device : emulator.devices()) {
                peerMappings +=
                        device.peers().map(peers -> peers.statistics().mappings()).orElse(0L);
            }
        }

        @Override
        public void close() {
            scene.close();
            emulator.close();
        }
    }

    @Test
    void everyInterleavingLosesNothing() {
        Interleavings.explore(getClass(), 150, 100, AgentsScene::new);
    }

    /// The devices use each other's pages, which any of the agents may take away at any time.
    @Test
    @Tag("T-12.4")
    void everyInterleavingOfPeersLosesNothing() {
        Interleavings.explore(
                getClass(),
                60,
                40,
                seed ->
                        new AgentsScene(
                                seed,
                                (seed & 4) == 0 ? PeerMode.UNIFIED : PeerMode.TWO_PAGES,
                                FileBackedMode.OFF));
        assertTrue(peerMappings > 0);
    }

    /// The memory is a file's, which the agents read, write, punch and sync besides.
    @Test
    void everyInterleavingOnAFileWhosePagesMoveLosesNothing() {
        Interleavings.explore(
                getClass(),
                60,
                40,
                seed -> new AgentsScene(seed, peers(seed), FileBackedMode.MIGRATE));
    }

    @Test
    void everyInterleavingOnAFileWhosePagesAreCopiedLosesNothing() {
        Interleavings.explore(
                getClass(),
                60,
                40,
                seed -> new AgentsScene(seed, peers(seed), FileBackedMode.COPY));
    }

    private static PeerMode peers(long seed) {
        return (seed & 4) == 0 ? PeerMode.OFF : PeerMode.UNIFIED;
    }

    private long fingerprint(long seed) {
        AgentsScene scene = new AgentsScene(seed);
        SteppedRunner runner = new SteppedRunner(seed);
        runner.run(scene.bodies());
        scene.verify();
        scene.close();
        assertTrue(runner.stepCount() > 1000);
        return runner.fingerprint();
    }

    @Test
    void sameNumberInterleavesInTheSameWay() {
        Set<Long> different = new HashSet<>();
        for (long seed = 1; seed <= 5; seed++) {
            long first = fingerprint(seed);
            assertEquals(first, fingerprint(seed));
            different.add(first);
        }
        assertEquals(5, different.size());
    }
}
