/// The OpenCL port and its kernels, tried on every binding.
///
/// The contracts are abstract classes; each binding runs all of them from a class of a few lines.
/// With a real binding a missing device fails the tests, it does not skip them.
@org.jspecify.annotations.NullMarked
package farpage.device;
