/// Executes kernel traces: operations on the memory of a process and on the test driver's devices,
/// with results in the words in which a real kernel's were recorded.
@org.jspecify.annotations.NullMarked
package farpage.emulator.replay;
