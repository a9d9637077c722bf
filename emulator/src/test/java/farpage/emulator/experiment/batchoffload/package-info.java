@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.batchoffload;
