/// OpenCL through LWJGL: its unchecked functions, called with addresses.
@org.jspecify.annotations.NullMarked
package farpage.opencl.binding.lwjgl;
