/// The Java half of `layout.clh`: what lies in the buffers that host and device share.
///
/// Each class has the sizes and offsets of one structure and reads and writes its fields in a
/// [java.lang.foreign.MemorySegment]; nothing else in Farpage knows the numbers. The classes hold
/// no state. That both halves agree is checked on every device by [LayoutProbe].
@org.jspecify.annotations.NullMarked
package farpage.opencl.kernel.layout;
