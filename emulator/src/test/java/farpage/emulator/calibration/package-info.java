/// Tests of choosing how to copy, with times that are made up.
@org.jspecify.annotations.NullMarked
package farpage.emulator.calibration;
