package farpage.emulator.trace;

import java.util.Objects;

/// A run of memory accesses in program order, as parallel arrays that are filled again and again.
///
/// Index `i` of every array speaks of the same access. Only `[0, count)` is valid. The arrays are
/// public to those who loop over them through their accessors; they belong to the batch, which one
/// thread uses at a time.
///
/// `sequence` numbers the accesses, or the parts of accesses once they are split at page
/// boundaries, from 0 in program order. It decides what a store puts into memory, so two stores
/// never share one.
///
/// @kernel none; the counterpart on the device's side is the fault buffer of a GPU driver
public final class AccessBatch {
    private final long[] address;
    private final long[] sequence;
    private final int[] size;
    private final byte[] kind;
    private int count;

    /// @param capacity the most accesses that it can hold
    public AccessBatch(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("batch capacity: value=" + capacity + ", limit=1");
        }
        address = new long[capacity];
        sequence = new long[capacity];
        size = new int[capacity];
        kind = new byte[capacity];
    }

    /// The most accesses that it can hold.
    public int capacity() {
        return address.length;
    }

    /// How many accesses it holds.
    public int count() {
        return count;
    }

    /// Whether another access would not fit.
    public boolean isFull() {
        return count == address.length;
    }

    /// Forgets the accesses, keeps the arrays.
    public void clear() {
        count = 0;
    }

    /// Virtual address of the first byte.
    public long[] address() {
        return address;
    }

    /// Number of the access or part in program order.
    public long[] sequence() {
        return sequence;
    }

    /// Bytes touched.
    public int[] size() {
        return size;
    }

    /// One of [AccessKind].
    public byte[] kind() {
        return kind;
    }

    /// Appends an access; the batch must not be full.
    public void add(long address, int size, byte kind, long sequence) {
        int index = count;
        this.address[index] = address;
        this.size[index] = size;
        this.kind[index] = kind;
        this.sequence[index] = sequence;
        count = index + 1;
    }

    /// The access at an index in lackey's spelling, with its number, for error messages.
    public String describe(int index) {
        Objects.checkIndex(index, count);
        return String.format(
                "access %d: %c %x,%d",
                sequence[index], AccessKind.letter(kind[index]), address[index], size[index]);
    }
}
