package farpage.cli;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.batchoffload.BatchOffload;
import farpage.emulator.experiment.coherent.CoherentMemory;
import farpage.emulator.experiment.deviceoffset.DeviceOffset;
import farpage.emulator.experiment.filebacked.FileBacked;
import farpage.emulator.experiment.largefolios.LargeFolios;
import farpage.emulator.experiment.peer.Peers;
import java.util.List;
import java.util.Optional;

/// The experiments that there are.
final class Experiments {
    /// In the order in which they are listed.
    static final List<Experiment> ALL =
            List.of(
                    new LargeFolios(),
                    new FileBacked(),
                    new DeviceOffset(),
                    new CoherentMemory(),
                    new Peers(),
                    new BatchOffload());

    private Experiments() {}

    static Optional<Experiment> find(String name) {
        return ALL.stream().filter(experiment -> experiment.name().equals(name)).findFirst();
    }

    /// @throws CliFailure if there is none of that name
    static Experiment of(String name) {
        return find(name)
                .orElseThrow(() ->
                        new CliFailure(
                                ExitCode.USAGE,
                                "experiment: no experiment '%s'; right would be %s"
                                        .formatted(
                                                name,
                                                String.join(
                                                        ", ",
                                                        ALL.stream()
                                                                .map(Experiment::name)
                                                                .toList()))));
    }
}
