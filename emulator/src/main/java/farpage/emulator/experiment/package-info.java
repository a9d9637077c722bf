/// Experiments: a design beside what Linux does today, measured on real copies.
///
/// An experiment makes a machine and a device of its own, moves data through every design in turn
/// so that all meet the same conditions, compares every byte, and gives its figures as records.
/// [farpage.emulator.experiment.LargeFolioExperiment] is about the size of the folios that migrate.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment;
