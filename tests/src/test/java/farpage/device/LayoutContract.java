package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.opencl.kernel.layout.LayoutProbe;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The shared structures as the device's compiler lays them out; the fake has no compiler.
abstract class LayoutContract extends ClContract {
    @Test
    void deviceLaysOutSharedStructuresLikeJava() {
        assertEquals(List.of(), LayoutProbe.differences(context, device));
    }
}
