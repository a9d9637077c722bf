package farpage.emulator.copy;

import farpage.opencl.ClDevice;

/// When pages go straight to their places and when through staging.
///
/// A command of its own for each run costs a fixed time whatever its length; staging costs every
/// page one more copy on the host and one on the device, and a batch the launch of a kernel. On a
/// processor a command is cheap and those copies compete with the transfer for the same memory, so
/// short runs go straight. A GPU pays for each command with a trip over the bus and copies on its
/// side for nothing, so only runs of 64 KiB and more go straight.
///
/// @param directRunPages runs of at least as many pages are one command each
/// @param stagedPagesMin a batch with fewer scattered pages than this sends those straight too
/// @opencl clEnqueueWriteBuffer against a kernel
public record CopyPolicy(int directRunPages, int stagedPagesMin) {
    /// Checks the limits.
    public CopyPolicy {
        if (directRunPages < 1) {
            throw new IllegalArgumentException(
                    "directRunPages: value=" + directRunPages + ", limit=1");
        }
        if (stagedPagesMin < 1) {
            throw new IllegalArgumentException(
                    "stagedPagesMin: value=" + stagedPagesMin + ", limit=1");
        }
    }

    /// What suits a kind of device.
    public static CopyPolicy of(ClDevice device) {
        return switch (device.info().type()) {
            case CPU -> new CopyPolicy(4, 32);
            case GPU, ACCELERATOR, CUSTOM -> new CopyPolicy(16, 8);
        };
    }

    /// Every run is a command.
    public static CopyPolicy allDirect() {
        return new CopyPolicy(1, 1);
    }

    /// Nothing goes straight but runs of at least as many pages.
    public static CopyPolicy stagedBelow(int directRunPages) {
        return new CopyPolicy(directRunPages, 1);
    }
}
