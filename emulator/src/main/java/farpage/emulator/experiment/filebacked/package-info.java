/// What it costs to work on a file in phases by a device and by CPUs, in several ways.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.filebacked;
