/// OpenCL through JOCL: its functions follow the C interface, with objects in the place of handles.
@org.jspecify.annotations.NullMarked
package farpage.opencl.binding.jocl;
