/// The kernel's test cases on every binding, and what runs them.
@org.jspecify.annotations.NullMarked
package farpage.emulator.selftest;
