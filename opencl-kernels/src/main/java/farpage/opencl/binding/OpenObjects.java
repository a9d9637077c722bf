package farpage.opencl.binding;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// What was created in one context and is still open, so that a leak has a name.
///
/// @opencl Reference counts, which the specification says are for debugging and may be stale
final class OpenObjects {
    private final Set<NativeObject> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong numbers = new AtomicLong();

    /// A number for a new object, rising from 1.
    long nextNumber() {
        return numbers.incrementAndGet();
    }

    void add(NativeObject object) {
        open.add(object);
    }

    void remove(NativeObject object) {
        boolean removed = open.remove(object);
        assert removed : object;
    }

    /// The descriptions, in the order of creation.
    List<String> describe() {
        return open.stream()
                .sorted(Comparator.comparingLong(NativeObject::number))
                .map(NativeObject::toString)
                .toList();
    }
}
