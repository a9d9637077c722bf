package farpage.emulator.workload;

import java.util.ArrayDeque;
import java.util.Deque;

/// What an object has made and must give back, in the order in which it was made.
///
/// A constructor that makes several things registers each as it is made, and closes this when it
/// cannot go on, so that a failure half way leaves nothing behind.
///
/// @kernel drivers/base/devres.c: devm_add_action
public final class OwnedResources implements AutoCloseable {
    /// Gives one thing back; throws nothing checked.
    ///
    /// @kernel drivers/base/devres.c: devm_add_action
    public interface Resource extends AutoCloseable {
        @Override
        void close();
    }

    private final Deque<Resource> resources = new ArrayDeque<>();

    /// Of nothing yet.
    public OwnedResources() {}

    /// Registers how to give a thing back.
    public void add(Resource resource) {
        resources.push(resource);
    }

    /// Gives everything back, the last first. All are tried; the first failure is thrown at the
    /// end, with the others attached.
    @Override
    public void close() {
        RuntimeException first = null;
        while (!resources.isEmpty()) {
            try {
                resources.pop().close();
            } catch (RuntimeException failure) {
                if (first == null) {
                    first = failure;
                } else {
                    first.addSuppressed(failure);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
