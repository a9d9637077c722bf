package farpage.testing;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.replay.ReplaySession;
import farpage.emulator.trace.KernelOperation;
import farpage.mm.lock.HeldRanks;
import java.util.ArrayList;
import java.util.List;

/// An emulator that executes operations as `farpage replay` does.
///
/// @kernel none
public final class EmulatorSystem implements SystemUnderTest {
    private static final int DEVICES = 2;

    private final Emulator emulator;
    private final ReplaySession session;

    /// Makes an emulator with at least two devices, of which the last two are used.
    public EmulatorSystem(EmulatorConfig config) {
        emulator = new Emulator(config);
        List<EmulatedDevice> all = emulator.devices();
        List<EmulatedDevice> used = all.subList(all.size() - DEVICES, all.size());
        session = new ReplaySession("model", emulator, used, QuickHash.INSTANCE);
    }

    /// The emulator itself.
    public Emulator emulator() {
        return emulator;
    }

    @Override
    public String execute(KernelOperation operation) {
        return session.execute(operation);
    }

    @Override
    public List<String> violations() {
        List<String> violations =
                new ArrayList<>(EmulatorInvariants.violations(emulator, session.pinnedPages()));
        if (!HeldRanks.holdsNothing()) {
            violations.add("still held: " + HeldRanks.describe());
        }
        return violations;
    }

    @Override
    public void close() {
        session.close();
        emulator.close();
    }
}
