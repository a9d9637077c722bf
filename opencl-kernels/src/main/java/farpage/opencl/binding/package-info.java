/// The port's implementation over a Java library that calls OpenCL.
///
/// [farpage.opencl.binding.NativeCl] is the narrow part: one method per OpenCL function, status
/// codes as they come. Everything that must be the same with each library stands above it and
/// exists once: the checks of arguments, the life of objects and their count, splitting transfers
/// that are too large for one call, and turning status codes into exceptions.
@org.jspecify.annotations.NullMarked
package farpage.opencl.binding;
