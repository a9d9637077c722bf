package farpage.emulator.bench;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.workload.OwnedResources;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;

/// Everything that `bench copy` works with: a copy engine between RAM and a bare heap, without a
/// memory manager, and beside it what its copies are compared with.
///
/// @opencl cl_context
final class CopyScene implements AutoCloseable {
    private final ClContext context;
    private final ClDevice device;
    private final long spanBytes;
    private final MoveClocks clocks;
    private final OwnedResources owned = new OwnedResources();
    private final HostMemory ram;
    private final BareHeap heap;
    private final CopyDevice copyDevice;
    private final CopyEngine engine;
    private final PageContents contents;
    private final DevicePages devicePages;
    private final References references;

    /// @param config binding, device and plan; the sizes in it are not used
    /// @param spanBytes of RAM and of the heap
    /// @throws farpage.opencl.ClException if the device has not so much
    CopyScene(EmulatorConfig config, long spanBytes, long seed, MoveClocks clocks) {
        this.device = config.devices().getFirst();
        this.spanBytes = spanBytes;
        this.clocks = clocks;
        boolean complete = false;
        try {
            this.context = config.binding().createContext(device);
            owned.add(context::close);
            this.ram = new HostMemory(spanBytes);
            owned.add(ram::close);
            MemcpyPattern.touch(ram.segment());
            this.copyDevice = CopyDevice.open(context, device, ram.segment());
            owned.add(copyDevice::close);
            this.heap = new BareHeap(copyDevice, spanBytes);
            owned.add(heap::close);
            CopyPlan plan = config.copyPlan().orElseGet(copyDevice::defaultPlan);
            this.engine = new CopyEngine(copyDevice, heap, plan, clocks.wall());
            owned.add(engine::close);
            this.contents = new PageContents(seed);
            this.devicePages = new DevicePages(context, device, heap, contents);
            owned.add(devicePages::close);
            this.references = new References(config, clocks.wall());
            owned.add(references::close);
            complete = true;
        } finally {
            if (!complete) {
                owned.close();
            }
        }
    }

    long spanBytes() {
        return spanBytes;
    }

    MoveClocks clocks() {
        return clocks;
    }

    HostMemory ram() {
        return ram;
    }

    CopyDevice copyDevice() {
        return copyDevice;
    }

    CopyEngine engine() {
        return engine;
    }

    PageContents contents() {
        return contents;
    }

    DevicePages devicePages() {
        return devicePages;
    }

    References references() {
        return references;
    }

    @Override
    public void close() {
        owned.close();
    }
}
