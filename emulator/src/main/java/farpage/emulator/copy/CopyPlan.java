package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.opencl.ClDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Which way pages take to a device and back, and from place to place on it. It is chosen by
/// measuring, forced, or a guess from the kind of device.
///
/// @param toDevice for migrations to the device
/// @param toSystem for migrations back
/// @opencl None: a choice among commands and kernels
public record CopyPlan(CopyTable toDevice, CopyTable toSystem) {
    /// Pages of a run that is worth a command where pages lie in place: 2 MiB.
    private static final int HUGE_PAGES = PageSize.ENTRIES_PER_TABLE;

    /// One method for everything, however little it suits.
    public static CopyPlan only(CopyMethod method) {
        return new CopyPlan(CopyTable.only(method), CopyTable.only(method));
    }

    /// The same for both directions.
    public static CopyPlan both(CopyTable table) {
        return new CopyPlan(table, table);
    }

    /// What suits a kind of device as far as one can tell without measuring.
    ///
    /// A command of its own for each run costs a fixed time whatever its length; staging costs
    /// every page one more copy on the host and one on the device, and a batch the launch of a
    /// kernel. On a processor those copies compete with the transfer for the same memory. A GPU
    /// pays for each command with a trip over the bus and copies on its side for nothing, so only
    /// runs of 64 KiB and more go straight. Where a processor works on the host's memory in place,
    /// its kernels move every page but a lone one.
    public static CopyPlan byDefault(ClDevice device, CopyAbilities abilities) {
        return both(
                switch (device.info().type()) {
                    case CPU -> forProcessor(abilities);
                    case GPU, ACCELERATOR, CUSTOM ->
                            // In place too every page would cross the bus by itself.
                            table(8, CopyMethod.STAGED_GROUP, 16);
                });
    }

    private static CopyTable forProcessor(CopyAbilities abilities) {
        if (CopyMethod.IN_PLACE_ITEM_NT.isPossible(abilities)) {
            return table(2, CopyMethod.IN_PLACE_ITEM_NT, CopyTable.NEVER);
        }
        if (CopyMethod.IN_PLACE_ITEM.isPossible(abilities)) {
            return table(2, CopyMethod.IN_PLACE_ITEM, CopyTable.NEVER);
        }
        return table(32, CopyMethod.STAGED_ITEM, 4);
    }

    private static CopyTable table(int fromPages, CopyMethod method, int directRunPages) {
        return new CopyTable(
                List.of(
                        new CopyTable.Step(1, CopyMethod.DIRECT),
                        new CopyTable.Step(fromPages, method)),
                directRunPages);
    }

    /// The methods that it may take.
    public Set<CopyMethod> methods() {
        Set<CopyMethod> methods = toDevice.methods();
        methods.addAll(toSystem.methods());
        return methods;
    }

    /// Which way pages take from one place of the device's memory to another. It follows from the
    /// way to the device, for a launch and a command cost the same there, and nothing has to cross.
    /// A method in place stays, and with it which runs are better off as commands. Of a staged one
    /// the kernel is left, whatever was found of runs: to it they are no other than many pages, and
    /// only those of 2 MiB are commands. What the host would copy itself are commands.
    public CopyTable withinDevice() {
        List<CopyTable.Step> steps = new ArrayList<>();
        for (CopyTable.Step step : toDevice.steps()) {
            CopyMethod method = step.method().withinDevice();
            if (steps.isEmpty() || steps.getLast().method() != method) {
                steps.add(new CopyTable.Step(step.fromPages(), method));
            }
        }
        if (steps.size() == 1 && steps.getFirst().method() == CopyMethod.DIRECT) {
            return CopyTable.only(CopyMethod.DIRECT);
        }
        boolean isStaged = toDevice.methods().stream().anyMatch(CopyMethod::isStaged);
        return new CopyTable(steps, isStaged ? HUGE_PAGES : toDevice.directRunPages());
    }
}
