package farpage.emulator.copy;

import farpage.opencl.ClBuffer;

/// Where the bytes of device pages lie. The copy engine asks; device memory answers.
///
/// @opencl cl_mem and an offset
public interface PageBuffers {
    /// The buffer that holds a page.
    ClBuffer buffer(long page);

    /// Where the page begins in its buffer, in bytes.
    long offset(long page);

    /// How many pages with consecutive numbers, from this one on, lie one after another in the same
    /// buffer.
    int pagesToEnd(long page);
}
