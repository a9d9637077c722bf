/// What the kernel's HMM selftests check of the test driver, on real OpenCL devices and with each
/// binding.
@org.jspecify.annotations.NullMarked
package farpage.conformance;
