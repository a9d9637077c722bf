package farpage.cli;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// The experiments that there are.
enum Experiment {
    LARGE_FOLIOS(
            "large-folios",
            "What does it cost to migrate memory to a device and back, by the size of its folios?",
            "Device memory comes in folios of 2 MiB (order 9) or in base pages; a folio of a size"
                    + " between is split before it moves.",
            "Device memory comes in every order from 2 to 9, tried from the highest that fits down; a"
                    + " folio moves as it is wherever the other side has room for one of its size.");

    private final String label;
    private final String question;
    private final String today;
    private final String design;

    Experiment(String label, String question, String today, String design) {
        this.label = label;
        this.question = question;
        this.today = today;
        this.design = design;
    }

    /// Its name on the command line.
    String label() {
        return label;
    }

    /// What it is to find out.
    String question() {
        return question;
    }

    /// What Linux 7.0 does.
    String today() {
        return today;
    }

    /// What is tried here.
    String design() {
        return design;
    }

    static Experiment of(String name) {
        return Arrays.stream(values())
                .filter(experiment -> experiment.label.equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new CliFailure(
                                ExitCode.USAGE,
                                "experiment: no experiment '%s'; right would be %s"
                                        .formatted(name, String.join(", ", labels()))));
    }

    private static List<String> labels() {
        return Arrays.stream(values()).map(Experiment::label).collect(Collectors.toList());
    }
}
