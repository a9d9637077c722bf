package farpage.emulator.replay;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.dmirror.Dmirror;
import farpage.mm.CpuAccess;
import farpage.mm.Mm;
import java.util.ArrayList;
import java.util.List;

/// A process of a trace, with the device files that it has open.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: FIXTURE(hmm2)
final class ReplayProcess {
    private final Mm mm;
    private final CpuAccess cpu;
    private final PinOperations pins;
    private final ReplayFiles.OfProcess files;
    private final List<Dmirror> mirrors = new ArrayList<>();

    /// @param files that it has open, which are its own from now on
    ReplayProcess(Mm mm, ReplayFiles.OfProcess files, List<EmulatedDevice> devices) {
        this.files = files;
        this.mm = mm;
        this.cpu = new CpuAccess(mm);
        this.pins = new PinOperations(mm);
        for (EmulatedDevice device : devices) {
            mirrors.add(device.open(mm));
        }
    }

    Mm mm() {
        return mm;
    }

    CpuAccess cpu() {
        return cpu;
    }

    PinOperations pins() {
        return pins;
    }

    ReplayFiles.OfProcess files() {
        return files;
    }

    Dmirror mirror(int device) {
        return mirrors.get(device);
    }

    /// Ends the process; its device files stay open.
    void exit() {
        String _ = pins.unpin();
        mm.exit();
        files.exit();
    }

    void closeMirrors() {
        for (Dmirror mirror : mirrors) {
            mirror.close();
        }
    }
}
