/// Tests of the experiment `device-offset`.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.deviceoffset;
