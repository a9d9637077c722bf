/// What it gains to copy the contents of a batch of unmapped folios at once.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.batchoffload;
