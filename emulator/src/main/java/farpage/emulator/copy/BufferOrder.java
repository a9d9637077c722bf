package farpage.emulator.copy;

import farpage.opencl.ClBuffer;

/// The pieces of a batch in an order in which those of one device buffer follow each other, so that
/// few launches serve them.
///
/// @opencl A kernel argument is one cl_mem
final class BufferOrder {
    private int[] order = new int[64];

    /// Orders the scattered pieces of a flight.
    ///
    /// @return their indices, as many as there are pieces
    @SuppressWarnings("ReferenceEquality") // a buffer is known by identity
    int[] of(CopyFlight flight, PageBuffers buffers) {
        int count = flight.scattered.count();
        if (order.length < count) {
            order = new int[Math.max(count, 2 * order.length)];
        }
        for (int i = 0; i < count; i++) {
            order[i] = i;
        }
        for (int from = 0; from < count; ) {
            ClBuffer buffer = buffers.buffer(flight.devicePage(order[from]));
            int end = from;
            for (int i = from; i < count; i++) {
                if (buffers.buffer(flight.devicePage(order[i])) == buffer) {
                    int piece = order[i];
                    order[i] = order[end];
                    order[end++] = piece;
                }
            }
            from = end;
        }
        return order;
    }
}
