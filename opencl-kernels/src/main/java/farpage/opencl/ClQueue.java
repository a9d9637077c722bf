package farpage.opencl;

import java.lang.foreign.MemorySegment;

/// The commands for one device.
///
/// Methods that return a [ClEvent] enqueue and return at once; they take events to wait for first,
/// of any queue of the same context. Their `enqueue…` twins ask for no event and take no wait list:
/// hundreds of commands may be enqueued so without garbage, and one [#marker] or [#finish] waited
/// for. The `…Blocking` ones return when the bytes have moved.
///
/// The source of a write must not change and the target of a read must not be looked at before the
/// command ended, and both must stay allocated: the queue keeps no hold on a segment. On an
/// out-of-order queue nothing orders two commands but wait lists, markers and barriers.
///
/// @opencl cl_command_queue
public interface ClQueue extends AutoCloseable {
    /// The device that runs the commands.
    ClDevice device();

    /// Whether commands may overtake each other.
    boolean isOutOfOrder();

    /// Whether events carry times.
    boolean isProfiling();

    /// Host memory to buffer.
    ClEvent write(ClBuffer target, long targetOffset, MemorySegment source, ClEvent... waitFor);

    /// Buffer to host memory; the segment's size says how much.
    ClEvent read(ClBuffer source, long sourceOffset, MemorySegment target, ClEvent... waitFor);

    /// Buffer to buffer. Within one buffer the two parts must not overlap.
    ClEvent copy(
            ClBuffer source,
            long sourceOffset,
            ClBuffer target,
            long targetOffset,
            long size,
            ClEvent... waitFor);

    /// Repeats the low bytes of a pattern, as many as `patternSize` (1, 2, 4 or 8) says, in the
    /// byte order of the host. Offset and size are multiples of the pattern size.
    ClEvent fill(
            ClBuffer target,
            long offset,
            long size,
            long pattern,
            int patternSize,
            ClEvent... waitFor);

    /// Runs a kernel with the arguments that it has now.
    ClEvent launch(ClKernel kernel, WorkSize workSize, ClEvent... waitFor);

    /// Completes when the given events, or with none all commands enqueued before, have completed.
    ClEvent marker(ClEvent... waitFor);

    /// Like a marker, and commands enqueued later start only after it.
    ClEvent barrier(ClEvent... waitFor);

    /// Lets the host reach a part of a buffer as memory once [ClMapping#ready] completed. At most 2
    /// GiB less one byte, so that every binding can.
    ClMapping map(ClBuffer buffer, ClMapMode mode, long offset, long size, ClEvent... waitFor);

    /// Ends a mapping: the device sees what the host wrote once the event completed.
    ClEvent unmap(ClMapping mapping, ClEvent... waitFor);

    /// [#write] of a part of a segment, without an event.
    void enqueueWrite(
            ClBuffer target, long targetOffset, MemorySegment source, long sourceOffset, long size);

    /// [#read] into a part of a segment, without an event.
    void enqueueRead(
            ClBuffer source, long sourceOffset, MemorySegment target, long targetOffset, long size);

    /// [#copy] without an event.
    void enqueueCopy(
            ClBuffer source, long sourceOffset, ClBuffer target, long targetOffset, long size);

    /// [#fill] without an event.
    void enqueueFill(ClBuffer target, long offset, long size, long pattern, int patternSize);

    /// [#launch] without an event.
    void enqueueLaunch(ClKernel kernel, WorkSize workSize);

    /// [#barrier] without an event: orders an out-of-order queue.
    void enqueueBarrier();

    /// [#write] that returns when the source may be reused.
    void writeBlocking(ClBuffer target, long targetOffset, MemorySegment source);

    /// [#read] that returns when the target holds the bytes.
    void readBlocking(ClBuffer source, long sourceOffset, MemorySegment target);

    /// Sends what is enqueued to the device. Needed before another queue waits for one of its
    /// events.
    void flush();

    /// Waits until everything enqueued has ended. A command's own error is in its event, not here.
    void finish();

    /// Whether [#close] was called.
    boolean isClosed();

    /// Lets the commands in it run out and gives the queue back.
    @Override
    void close();
}
