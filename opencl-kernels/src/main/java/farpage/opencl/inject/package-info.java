/// Faults on purpose: OpenCL calls that fail, stop half-way or move wrong bytes, where a plan says
/// so.
///
/// [farpage.opencl.inject.InjectingBinding] wraps any binding and asks a
/// [farpage.opencl.inject.FaultPlan] at each call. Real devices fail rarely and never when it is
/// wanted; what an error path does can only be known by taking it. Nothing here is active unless a
/// binding is wrapped.
@org.jspecify.annotations.NullMarked
package farpage.opencl.inject;
