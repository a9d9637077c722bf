package farpage.opencl.binding;

import farpage.opencl.ClError;
import farpage.opencl.ClException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// An object of the driver from its creation to its release: open, then closed, once.
///
/// The handle is only given out while the object is open, because a driver that is handed a
/// released object may crash the process. Two threads of which one closes what the other uses are
/// not guarded against: that is the same mistake as freeing memory in use.
///
/// @opencl Reference-counted objects, OpenCL specification section 5
abstract class NativeObject implements AutoCloseable {
    private static final VarHandle CLOSED;

    static {
        try {
            CLOSED =
                    MethodHandles.lookup()
                            .findVarHandle(NativeObject.class, "closed", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final NativeCl cl;
    private final ObjectKind kind;
    private final NativeHandle handle;
    private final OpenObjects siblings;
    private final long number;

    @SuppressWarnings("unused") // through CLOSED
    private boolean closed;

    NativeObject(NativeCl cl, ObjectKind kind, NativeHandle handle, OpenObjects siblings) {
        this.cl = cl;
        this.kind = kind;
        this.handle = handle;
        this.siblings = siblings;
        this.number = siblings.nextNumber();
    }

    /// What it is, beyond its kind and number; built when asked for.
    abstract String detail();

    final NativeCl cl() {
        return cl;
    }

    final OpenObjects siblings() {
        return siblings;
    }

    final long number() {
        return number;
    }

    /// The driver's object.
    ///
    /// @throws IllegalStateException when this is closed
    final NativeHandle handle() {
        if (isClosed()) {
            throw new IllegalStateException("closed: " + this);
        }
        return handle;
    }

    public final boolean isClosed() {
        return (boolean) CLOSED.getAcquire(this);
    }

    /// Marks it closed; true for the one caller that is to release it.
    final boolean markClosed() {
        return CLOSED.compareAndSet(this, false, true);
    }

    @Override
    public void close() {
        if (markClosed()) {
            siblings.remove(this);
            check(cl.release(kind, handle), kind.releaseCall());
        }
    }

    /// Throws for a status other than success, naming this object.
    final void check(int status, String call) {
        if (status != 0) {
            throw new ClException(ClError.of(status), call, toString());
        }
    }

    /// Kind, number and detail, such as `buffer 3: 4096 bytes`.
    @Override
    public final String toString() {
        return kind.word() + " " + number + ": " + detail();
    }
}
