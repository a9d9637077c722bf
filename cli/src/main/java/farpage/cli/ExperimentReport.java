package farpage.cli;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.Findings;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/// What an experiment found, in every form but HTML.
///
/// @param context where and with what it was measured
record ExperimentReport(Experiment experiment, Findings findings, Row context) {
    /// Prints it.
    void print(OutputFormat format, PrintStream out) {
        if (format == OutputFormat.TEXT) {
            new ExperimentText(this).print(out);
            return;
        }
        RowOutput rows = RowOutput.of(format, out);
        rows.context(context);
        rows().forEach(rows::row);
        rows.end();
    }

    /// All rows of all tables.
    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (FindingTable table : findings.tables()) {
            for (FindingRow row : table.rows()) {
                rows.add(FindingFormat.row(experiment.name(), table.name(), row));
            }
        }
        return rows;
    }
}
