/// The binding-neutral port to OpenCL.
@org.jspecify.annotations.NullMarked
package farpage.opencl;
