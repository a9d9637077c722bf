package farpage.emulator.devmem;

import farpage.emulator.copy.CpuTransfers;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.zonedevice.CpuMapping;
import farpage.mm.zonedevice.DevicePagemapOps;
import farpage.mm.zonedevice.PagemapRequest;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClSharedMemory;
import java.util.Optional;

/// The one chunk of a device-coherent device: special-purpose memory at a fixed place, so a second
/// one can never be added.
///
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, MEMORY_DEVICE_COHERENT; spm_addr_dev0
public final class CoherentChunks implements ChunkSource {
    /// Pages between the places of two devices: 1 GiB.
    private static final long PLACE_PAGES = PageSize.pageNumber(ClSharedMemory.SIZE_MAX);

    private final ClContext context;
    private final CoherentAccess access;
    private final Optional<CpuTransfers> transfers;
    private final long firstPage;
    private final DevicePagemapOps ops;
    private final Object owner;

    /// @param context where the memory is made
    /// @param access how the CPU gets at it
    /// @param place of the device among the coherent ones, from 0
    /// @param ops for the pagemap
    /// @param owner of the pagemap
    /// @throws farpage.opencl.ClException if the queue of the CPU's commands can not be made
    public CoherentChunks(
            ClContext context,
            ClDevice device,
            CoherentAccess access,
            int place,
            DevicePagemapOps ops,
            Object owner) {
        this.context = context;
        this.access = access;
        this.transfers =
                access == CoherentAccess.COMMANDS
                        ? Optional.of(new CpuTransfers(context.createQueue(device)))
                        : Optional.empty();
        this.firstPage = Page.ofDevicePfn(Page.COHERENT_DEVICE_PFN_MIN + place * PLACE_PAGES);
        this.ops = ops;
        this.owner = owner;
    }

    /// The most bytes that the chunk may have.
    public static long sizeMax() {
        return ClSharedMemory.SIZE_MAX;
    }

    @Override
    public ChunkSpace make(int pageCount) {
        long size = PageSize.pageAddress(pageCount);
        return switch (access) {
            case IN_PLACE -> {
                ClSharedMemory shared = context.createSharedMemory(size);
                CpuMapping mapping = new CpuMapping.InPlace(shared.memory());
                yield new ChunkSpace(shared.buffer(), request(pageCount, mapping), shared::close);
            }
            case COMMANDS -> {
                ClBuffer buffer = context.createBuffer(size, ClMemoryFlag.READ_WRITE);
                CpuMapping mapping = transfers.orElseThrow().mapping(buffer, firstPage);
                yield new ChunkSpace(buffer, request(pageCount, mapping), buffer::close);
            }
        };
    }

    private PagemapRequest request(int pageCount, CpuMapping mapping) {
        return PagemapRequest.deviceCoherent(firstPage, pageCount, ops, owner, mapping);
    }

    @Override
    public void close() {
        transfers.ifPresent(CpuTransfers::close);
    }
}
