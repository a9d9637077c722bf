package farpage.opencl.binding;

/// A driver's object in the form in which one library holds it. Only that library's [NativeCl]
/// looks inside.
///
/// @opencl cl_context, cl_mem and the other handle types
public abstract class NativeHandle {
    /// No wait list.
    public static final NativeHandle[] NONE = {};
}
