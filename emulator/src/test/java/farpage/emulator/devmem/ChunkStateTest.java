package farpage.emulator.devmem;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ChunkStateTest {
    @Test
    void onlyTheDrawnArrowsExist() {
        Map<ChunkState, Set<ChunkState>> arrows =
                Map.of(
                        ChunkState.ACTIVE, Set.of(ChunkState.DRAINING),
                        ChunkState.DRAINING, Set.of(ChunkState.ACTIVE, ChunkState.RELEASED),
                        ChunkState.RELEASED, Set.of());
        for (ChunkState from : ChunkState.values()) {
            for (ChunkState to : ChunkState.values()) {
                boolean drawn = arrows.getOrDefault(from, Set.of()).contains(to);
                assertEquals(drawn, from.canBecome(to), () -> from + " -> " + to);
            }
        }
    }
}
