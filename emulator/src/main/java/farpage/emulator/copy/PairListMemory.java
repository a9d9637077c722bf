package farpage.emulator.copy;

import farpage.mm.memory.NativeRegion;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.kernel.CopyPages;
import farpage.opencl.kernel.layout.PagePairLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Memory for several [PairList]s, one huge page of it. A device that uses it in place needs
/// nothing else; another has a buffer of its own for each, to which what was listed is sent.
///
/// @opencl CL_MEM_USE_HOST_PTR
final class PairListMemory implements AutoCloseable {
    private static final long LIST_SIZE = PagePairLayout.size(PairList.CAPACITY);
    private static final int LISTS = 16;

    private final NativeRegion region;
    private final List<PairList> lists = new ArrayList<>();

    private PairListMemory(NativeRegion region) {
        this.region = region;
    }

    /// Makes the lists; if one can not be made, the others are given back.
    static PairListMemory open(CopyDevice device, CopyPages program) {
        PairListMemory memory = new PairListMemory(new NativeRegion(LISTS * LIST_SIZE));
        boolean complete = false;
        try {
            for (int i = 0; i < LISTS; i++) {
                memory.lists.add(memory.newList(device, program, i));
            }
            complete = true;
            return memory;
        } finally {
            if (!complete) {
                memory.close();
            }
        }
    }

    private PairList newList(CopyDevice device, CopyPages program, int index) {
        MemorySegment pairs = region.segment().asSlice(index * LIST_SIZE, LIST_SIZE);
        ClContext context = device.context();
        boolean inPlace = device.abilities().usesHostMemory();
        ClBuffer buffer =
                inPlace
                        ? context.createBuffer(
                                pairs, ClMemoryFlag.USE_HOST_PTR, ClMemoryFlag.READ_ONLY)
                        : context.createBuffer(LIST_SIZE, ClMemoryFlag.READ_ONLY);
        try {
            return new PairList(pairs, inPlace, buffer, program.launcher(buffer));
        } catch (ClException e) {
            buffer.close();
            throw e;
        }
    }

    List<PairList> lists() {
        return lists;
    }

    @Override
    public void close() {
        lists.forEach(PairList::close);
        region.close();
    }
}
