package farpage.opencl;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// What devices of one platform share: buffers, programs and events.
///
/// It counts what is created in it. Closing the context does not close those objects, since their
/// owners do; OpenCL keeps the context alive for them, and [#openObjects] answers after the close
/// too.
///
/// @opencl cl_context
public interface ClContext extends AutoCloseable {
    /// The devices, in the order they were given.
    List<ClDevice> devices();

    /// A queue of commands for one of the devices.
    ///
    /// @throws ClException CL_INVALID_QUEUE_PROPERTIES when the device lacks a property
    ClQueue createQueue(ClDevice device, ClQueueProperty... properties);

    /// A buffer without content. Its bytes are undefined until something writes them.
    ///
    /// @throws IllegalArgumentException when the flags ask for host memory
    /// @throws ClException CL_INVALID_BUFFER_SIZE, CL_MEM_OBJECT_ALLOCATION_FAILURE
    ClBuffer createBuffer(long size, ClMemoryFlag... flags);

    /// A buffer over or from host memory. USE_HOST_PTR makes the segment its storage, for as long
    /// as the buffer is open; COPY_HOST_PTR copies it now.
    ///
    /// @throws IllegalArgumentException when neither of the two flags is given, or the segment lies
    ///   on the Java heap
    ClBuffer createBuffer(MemorySegment hostMemory, ClMemoryFlag... flags);

    /// The most bytes of a buffer over host memory that the binding can make, whatever the devices
    /// can.
    long hostMemoryMax();

    /// Memory for the host and the devices together, without content.
    ///
    /// @throws IllegalArgumentException when a device can not share at that grain, see
    ///   [ClDeviceInfo#fineGrainSvm]; for a size beyond [ClSharedMemory#SIZE_MAX]
    /// @throws ClException CL_MEM_OBJECT_ALLOCATION_FAILURE when the driver has none
    ClSharedMemory createSharedMemory(long size);

    /// Compiles a program for all devices.
    ///
    /// @param name what it is called in messages
    /// @param options the compiler's options, may be empty
    /// @throws ClBuildException with the compiler's log when the source is not accepted
    ClProgram buildProgram(String name, String source, String options);

    /// An event that the host completes.
    ClUserEvent createUserEvent();

    /// What was created here and is not closed, one description each, in the order of creation.
    List<String> openObjects();

    /// Whether [#close] was called.
    boolean isClosed();

    @Override
    void close();
}
