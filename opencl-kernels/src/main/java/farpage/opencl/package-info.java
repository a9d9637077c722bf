/// The binding-neutral port to OpenCL: everything that the rest of Farpage knows of OpenCL.
///
/// [ClBindings] opens a [ClBinding], the one door to an OpenCL loader. From there the path is that
/// of the specification: platforms, devices, a [ClContext] over devices of one platform, and in it
/// queues, buffers, programs and kernels. Which Java library does the calls is decided once, by
/// name, and is visible nowhere else.
///
/// Three habits hold for every type here.
/// - Sizes and offsets are bytes and `long`; host memory is an off-heap
///   [java.lang.foreign.MemorySegment], so that its address is stable while a device works on it.
/// - Whatever is created is closed by whoever created it; `close` may be called twice, a use after
///   it is an [IllegalStateException]. [ClContext#openObjects] names what is still open.
/// - A wrong argument is an [IllegalArgumentException] before any native call; a failed OpenCL call
///   is a [ClException] with the error's name, the call and what it worked on.
///
/// Everything may be used from several threads at once except a [ClKernel], whose arguments are
/// state (OpenCL 3.0 specification, appendix A.2, says the same of `clSetKernelArg`).
@org.jspecify.annotations.NullMarked
package farpage.opencl;
