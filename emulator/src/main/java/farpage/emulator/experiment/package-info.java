/// Experiments: a design beside what Linux does today, measured on real copies.
///
/// An [farpage.emulator.experiment.Experiment] makes a machine and a device of its own, moves data
/// through every design in turn so that all meet the same conditions, compares every byte, and
/// gives [farpage.emulator.experiment.Findings]: tables of figures, what they say, and what of it
/// does not carry over to real hardware. How they are printed is not its business. Each experiment
/// is a package below this one.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment;
