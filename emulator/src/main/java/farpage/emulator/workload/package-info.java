/// A traced program as a workload for device memory.
///
/// The accesses of a real program are run again against an address space, in phases that alternate
/// between CPU and device. What a store writes follows from its number in the program alone, so the
/// memory after any access is known without running anything: [farpage.emulator.workload.Shadow]
/// keeps that knowledge and every load on either side is held against it. The shadow shares no code
/// with what it checks.
@org.jspecify.annotations.NullMarked
package farpage.emulator.workload;
