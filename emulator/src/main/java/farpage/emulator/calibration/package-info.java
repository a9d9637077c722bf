/// Finding out by measuring how a device copies pages best.
///
/// What is fastest depends on the device, its driver, the number of pages in a batch and how they
/// lie, and no property of a device tells it. So each way that the device can go is tried on memory
/// of the kind that migrations use: it has to bring the right bytes, then it is timed in turn with
/// the others. [farpage.emulator.calibration.CopyCalibration] does that within a fixed time, and
/// [farpage.emulator.calibration.CopyChoice] makes a [farpage.emulator.copy.CopyPlan] of the times.
/// Nothing here touches files: who wants to keep a plan stores the result.
@org.jspecify.annotations.NullMarked
package farpage.emulator.calibration;
