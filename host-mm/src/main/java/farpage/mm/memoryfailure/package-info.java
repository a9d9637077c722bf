/// Memory that breaks: what `mm/memory-failure.c` is in the kernel.
///
/// [farpage.mm.memoryfailure.MemoryFailure] is told that a page is broken. It takes the page away
/// from everybody who maps it and keeps its frame from being used again. A process loses no more
/// than that page: an access to its place ends in [farpage.mm.fault.FaultResult#HWPOISON], and
/// where the contents are also on a disk not even that happens.
///
/// Broken memory of a device is its driver's business, if the driver knows what to do about it.
@org.jspecify.annotations.NullMarked
package farpage.mm.memoryfailure;
