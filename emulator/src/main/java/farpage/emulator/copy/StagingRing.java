package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedCondition;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMapping;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The slots of staging, of which the host fills or empties one while transfers and kernels work on
/// others. Who needs one and finds none free takes the oldest from the device, whoever started it:
/// what it brings is landed first. So a thread with many batches under way never waits for itself.
///
/// The host's side comes from the driver (ALLOC_HOST_PTR), which pins it where that makes transfers
/// faster, and is mapped for good: no command ever uses that buffer but as memory of the host.
///
/// The lock is not held while anybody waits for the device.
///
/// @opencl CL_MEM_ALLOC_HOST_PTR, clEnqueueMapBuffer
final class StagingRing implements AutoCloseable {
    private static final int SLOTS = 4;

    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final RankedCondition changed = lock.newCondition();
    private final ClQueue queue;
    private final MemorySegment ram;
    private final ClBuffer hostBuffer;
    private final ClMapping mapping;
    private final List<StagingSlot> slots = new ArrayList<>();
    private int oldest;

    private StagingRing(ClQueue queue, MemorySegment ram, ClBuffer hostBuffer, ClMapping mapping) {
        this.queue = queue;
        this.ram = ram;
        this.hostBuffer = hostBuffer;
        this.mapping = mapping;
    }

    /// Makes the buffers; if one can not be made, the others are given back.
    ///
    /// @param queue that mapping goes through; it stays the caller's
    static StagingRing open(ClContext context, ClQueue queue, MemorySegment ram) {
        long size = SLOTS * StagingSlot.SIZE;
        ClBuffer hostBuffer = context.createBuffer(size, ClMemoryFlag.ALLOC_HOST_PTR);
        StagingRing ring;
        try {
            ClMapping mapping = queue.map(hostBuffer, ClMapMode.READ_WRITE, 0, size);
            mapping.ready().await();
            ring = new StagingRing(queue, ram, hostBuffer, mapping);
        } catch (ClException e) {
            hostBuffer.close();
            throw e;
        }
        boolean complete = false;
        try {
            for (int i = 0; i < SLOTS; i++) {
                MemorySegment host =
                        ring.mapping.memory().asSlice(i * StagingSlot.SIZE, StagingSlot.SIZE);
                ClBuffer device = context.createBuffer(StagingSlot.SIZE, ClMemoryFlag.READ_WRITE);
                ring.slots.add(new StagingSlot(host, device));
            }
            complete = true;
            return ring;
        } finally {
            if (!complete) {
                ring.close();
            }
        }
    }

    /// A slot for the next pages of a flight. The caller holds it.
    StagingSlot take(CopyFlight flight) {
        lock.lock();
        try {
            while (true) {
                StagingSlot slot = slots.get(oldest);
                oldest = (oldest + 1) % SLOTS;
                if (slot.state == StagingSlot.State.IN_FLIGHT) {
                    landLocked(slot);
                }
                if (slot.state == StagingSlot.State.FREE) {
                    slot.state = StagingSlot.State.HELD;
                    slot.flight = flight;
                    slot.landingCount = 0;
                    return slot;
                }
                if (allHeld()) {
                    changed.await();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean allHeld() {
        for (StagingSlot slot : slots) {
            if (slot.state != StagingSlot.State.HELD) {
                return false;
            }
        }
        return true;
    }

    /// The held slot is the device's until an event, which is taken over.
    void send(StagingSlot slot, ClEvent done) {
        lock.lock();
        slot.done = done;
        slot.state = StagingSlot.State.IN_FLIGHT;
        changed.signalAll();
        lock.unlock();
    }

    /// Takes a slot from the device: waits, and puts what it brought to its places. The lock is
    /// given up meanwhile.
    private void landLocked(StagingSlot slot) {
        CopyFlight flight = slot.flight;
        slot.state = StagingSlot.State.HELD;
        lock.unlock();
        ClException failure = null;
        try {
            land(slot);
        } catch (ClException e) {
            failure = e;
        } finally {
            lock.lock();
            slot.closeDone();
            slot.state = StagingSlot.State.FREE;
            slot.flight = null;
            changed.signalAll();
        }
        if (failure != null && flight != null) {
            flight.fail(failure);
        }
    }

    private void land(StagingSlot slot) {
        ClEvent done = slot.done;
        assert done != null;
        done.await();
        for (int i = 0; i < slot.landingCount; i++) {
            MemorySegment.copy(
                    slot.host,
                    StagingSlot.offset(i),
                    ram,
                    HostMemory.offset(slot.landings[i]),
                    PageSize.PAGE_SIZE);
        }
    }

    /// Lands all slots of a flight, whose thread this is.
    @SuppressWarnings("ReferenceEquality") // a flight is known by identity
    void finish(CopyFlight flight) {
        lock.lock();
        try {
            for (StagingSlot slot : slots) {
                while (slot.flight == flight) {
                    if (slot.state == StagingSlot.State.IN_FLIGHT) {
                        landLocked(slot);
                    } else {
                        changed.await(); // another thread lands it
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Gives a slot back that a command was refused for, with nothing of it under way any more.
    @SuppressWarnings("ReferenceEquality") // a flight is known by identity
    void abandon(StagingSlot slot, CopyFlight flight) {
        lock.lock();
        assert slot.flight == flight;
        slot.state = StagingSlot.State.FREE;
        slot.flight = null;
        changed.signalAll();
        lock.unlock();
    }

    @Override
    public void close() {
        slots.forEach(StagingSlot::close);
        try (ClEvent unmapped = queue.unmap(mapping)) {
            unmapped.await();
        }
        hostBuffer.close();
    }
}
