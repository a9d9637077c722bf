package farpage.emulator.copy;

import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import farpage.opencl.kernel.GatherPages;
import farpage.opencl.kernel.PageShape;
import farpage.opencl.kernel.ScatterPages;
import farpage.opencl.kernel.ZeroPages;

/// The kernels that copying through staging needs, built once for a context and shared by its
/// engines.
///
/// @param gather scattered pages of a heap into a row
/// @param scatter a row of pages to their places in a heap
/// @param zero clears pages of a heap
/// @opencl cl_program
record CopyKernels(GatherPages gather, ScatterPages scatter, ZeroPages zero)
        implements AutoCloseable {
    /// Builds them; if one does not build, the others are given back.
    ///
    /// @throws farpage.opencl.ClBuildException with the compiler's log
    static CopyKernels build(ClContext context, ClDevice device, PageShape shape) {
        GatherPages gather = new GatherPages(context, device, shape);
        try {
            ScatterPages scatter = new ScatterPages(context, device, shape);
            try {
                return new CopyKernels(gather, scatter, new ZeroPages(context, device, shape));
            } catch (ClException e) {
                scatter.close();
                throw e;
            }
        } catch (ClException e) {
            gather.close();
            throw e;
        }
    }

    @Override
    public void close() {
        gather.close();
        scatter.close();
        zero.close();
    }
}
