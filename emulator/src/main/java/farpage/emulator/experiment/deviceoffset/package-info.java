/// The experiment `device-offset`: device-private pages in the physical address map and outside it.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.deviceoffset;
