/// Recordings that drive the emulator: what a real program touched, and what the real kernel
/// answered.
///
/// Two kinds of recording are read here. A *memory trace* is the text that valgrind's lackey tool
/// writes with `--trace-mem=yes`: one load, store, modification or instruction fetch a line. It may
/// be hundreds of megabytes long, so [farpage.emulator.trace.LackeyReader] hands it out in batches
/// of primitive arrays and creates nothing per access. A *kernel trace* is a short list of
/// operations (`map`, `write`, `migdev`, …) with the results that Linux gave; it is parsed whole
/// into [farpage.emulator.trace.KernelTrace] and [farpage.emulator.trace.GoldenResults].
///
/// Whatever is wrong with a recording comes out as one
/// [farpage.emulator.trace.TraceFormatException] that names the file, the line, what stands there
/// and what would be right. Trouble in reading the file itself is an `UncheckedIOException`.
@org.jspecify.annotations.NullMarked
package farpage.emulator.trace;
