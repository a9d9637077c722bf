package farpage.emulator.workload;

import farpage.emulator.trace.AccessBatch;
import farpage.mm.PageSize;

/// Deals the accesses of a program out to CPU and device, in phases.
///
/// Time is counted in accesses. A period of `phaseLength` accesses begins with the CPU's part and
/// ends with the device's, which is `deviceShare` of it. In a device phase the device runs the
/// accesses to pages of the page set, and the CPU those to all other pages. As a page outside the
/// set is never the device's, and the accesses to one page keep their order, the contents of memory
/// do not depend on how a program is dealt out.
///
/// The seed moves the first boundary by part of a period, so that different seeds meet different
/// access patterns at the boundaries.
///
/// @kernel none; it stands for a program that launches kernels and then looks at what they did
public final class AccessPhases {
    /// Who runs a phase.
    public enum Side {
        /// The CPU runs every access.
        CPU,
        /// The device runs the accesses to its pages.
        DEVICE
    }

    private final long phaseLength;
    private final long devicePartStart;
    private final long offset;
    private final PageSet pages;
    private long deviceAccessCount;

    /// @param phaseLength accesses in a period, from 1
    /// @param deviceShare part of each period that is the device's, from 0 to 1
    /// @param pages what the device may touch
    public AccessPhases(long phaseLength, double deviceShare, PageSet pages, long seed) {
        if (phaseLength < 1) {
            throw new IllegalArgumentException("phase length: value=" + phaseLength + ", limit=1");
        }
        if (!(deviceShare >= 0 && deviceShare <= 1)) {
            throw new IllegalArgumentException(
                    "device share: value=" + deviceShare + ", limit=0 to 1");
        }
        this.phaseLength = phaseLength;
        this.devicePartStart = phaseLength - Math.round(phaseLength * deviceShare);
        this.offset = new java.util.SplittableRandom(seed).nextLong(phaseLength);
        this.pages = pages;
    }

    /// Accesses handed to the device so far.
    public long deviceAccessCount() {
        return deviceAccessCount;
    }

    /// The side whose phase an access falls into.
    public Side sideOf(long sequence) {
        return (sequence + offset) % phaseLength < devicePartStart ? Side.CPU : Side.DEVICE;
    }

    /// The first access after `sequence` that may belong to another phase.
    public long phaseEnd(long sequence) {
        long position = (sequence + offset) % phaseLength;
        long end = position < devicePartStart ? devicePartStart : phaseLength;
        return sequence + end - position;
    }

    /// Deals out accesses from `start` up to the end of the phase or of the batch.
    ///
    /// @param accesses parts within pages, whose numbers grow by one
    /// @param cpu gets what the CPU runs, appended in order
    /// @param device gets what the device runs, appended in order
    /// @return index of the first access that was not dealt out
    public int deal(AccessBatch accesses, int start, AccessBatch cpu, AccessBatch device) {
        long firstSequence = accesses.sequence()[start];
        boolean isDevicePhase = sideOf(firstSequence) == Side.DEVICE;
        int end = (int) Math.min(accesses.count(), start + phaseEnd(firstSequence) - firstSequence);
        long[] address = accesses.address();
        int dealtToDevice = 0;
        for (int index = start; index < end; index++) {
            boolean onDevice =
                    isDevicePhase && pages.contains(address[index] >>> PageSize.PAGE_SHIFT);
            AccessBatch side = onDevice ? device : cpu;
            side.add(
                    address[index],
                    accesses.size()[index],
                    accesses.kind()[index],
                    accesses.sequence()[index]);
            dealtToDevice += onDevice ? 1 : 0;
        }
        deviceAccessCount += dealtToDevice;
        return end;
    }
}
