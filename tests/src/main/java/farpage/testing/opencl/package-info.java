/// An OpenCL that is not there: devices in Java memory, for tests of logic.
@org.jspecify.annotations.NullMarked
package farpage.testing.opencl;
