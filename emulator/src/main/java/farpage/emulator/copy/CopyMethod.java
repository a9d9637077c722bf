package farpage.emulator.copy;

import farpage.opencl.kernel.PageShape;
import java.util.Arrays;
import java.util.Optional;

/// A way of moving pages between system memory and a device, by the name that reports, overrides
/// and stored choices use.
///
/// @opencl The commands that each comment names
public enum CopyMethod {
    /// clEnqueueWriteBuffer, clEnqueueReadBuffer.
    DIRECT("direct", "one command for each run of pages", Optional.empty(), false),
    /// A kernel on one side of a transfer, a work-item to a page.
    STAGED_ITEM(
            "staged-item",
            "pinned staging memory, and a kernel with a work-item for each page",
            Optional.of(PageShape.ITEM_PER_PAGE),
            false),
    /// A kernel on one side of a transfer, a work-group to a page.
    STAGED_GROUP(
            "staged-group",
            "pinned staging memory, and a kernel with a work-group for each page",
            Optional.of(PageShape.GROUP_PER_PAGE),
            false),
    /// A kernel that reads and writes RAM itself, a work-item to a page.
    IN_PLACE_ITEM(
            "inplace-item",
            "a kernel over RAM and device memory, a work-item for each page",
            Optional.of(PageShape.ITEM_PER_PAGE),
            false),
    /// The same with stores that bypass the caches.
    IN_PLACE_ITEM_NT(
            "inplace-item-nt",
            "a kernel over RAM and device memory, a work-item for each page, non-temporal stores",
            Optional.of(PageShape.ITEM_PER_PAGE),
            true),
    /// A kernel that reads and writes RAM itself, a work-group to a page.
    IN_PLACE_GROUP(
            "inplace-group",
            "a kernel over RAM and device memory, a work-group for each page",
            Optional.of(PageShape.GROUP_PER_PAGE),
            false),
    /// The same with stores that bypass the caches.
    IN_PLACE_GROUP_NT(
            "inplace-group-nt",
            "a kernel over RAM and device memory, a work-group for each page, non-temporal stores",
            Optional.of(PageShape.GROUP_PER_PAGE),
            true),
    /// clEnqueueMapBuffer, the host's own stores, clEnqueueUnmapMemObject.
    MAPPED("mapped", "device memory mapped, and copied by the host", Optional.empty(), false);

    private final String label;
    private final String text;
    private final Optional<PageShape> shape;
    private final boolean nonTemporal;

    CopyMethod(String label, String text, Optional<PageShape> shape, boolean nonTemporal) {
        this.label = label;
        this.text = text;
        this.shape = shape;
        this.nonTemporal = nonTemporal;
    }

    /// The name that never changes: lower case, no blanks.
    public String label() {
        return label;
    }

    /// What it does, for people.
    public String text() {
        return text;
    }

    /// How its kernel spreads pages over work-items, if it has one.
    public Optional<PageShape> shape() {
        return shape;
    }

    /// Whether its kernel stores past the caches.
    public boolean isNonTemporal() {
        return nonTemporal;
    }

    /// Whether device and host work on the same memory, none of it copied on the way.
    public boolean isInPlace() {
        return switch (this) {
            case DIRECT, STAGED_ITEM, STAGED_GROUP -> false;
            case IN_PLACE_ITEM, IN_PLACE_ITEM_NT, IN_PLACE_GROUP, IN_PLACE_GROUP_NT, MAPPED -> true;
        };
    }

    /// Whether pages are brought into a row on their way.
    public boolean isStaged() {
        return this == STAGED_ITEM || this == STAGED_GROUP;
    }

    /// What is done instead where pages do not leave the device's memory: nothing is staged there,
    /// and the host takes no part.
    public CopyMethod withinDevice() {
        return switch (this) {
            case DIRECT, MAPPED -> DIRECT;
            case STAGED_ITEM, IN_PLACE_ITEM -> IN_PLACE_ITEM;
            case IN_PLACE_ITEM_NT -> IN_PLACE_ITEM_NT;
            case STAGED_GROUP, IN_PLACE_GROUP -> IN_PLACE_GROUP;
            case IN_PLACE_GROUP_NT -> IN_PLACE_GROUP_NT;
        };
    }

    /// Whether a device with these abilities can copy so.
    public boolean isPossible(CopyAbilities abilities) {
        return obstacle(abilities).isEmpty();
    }

    /// Why a device can not copy so, or nothing if it can.
    public Optional<String> obstacle(CopyAbilities abilities) {
        if (isInPlace() && !abilities.usesHostMemory()) {
            return Optional.of("the device does not use memory of the host in place");
        }
        if (this == MAPPED && !abilities.livesInHostMemory()) {
            return Optional.of("the device has memory of its own");
        }
        if (nonTemporal && !abilities.nonTemporalStores()) {
            return Optional.of("the device's compiler has no non-temporal stores");
        }
        return Optional.empty();
    }

    /// The method of a label.
    public static Optional<CopyMethod> lookup(String label) {
        return Arrays.stream(values()).filter(method -> method.label.equals(label)).findFirst();
    }

    @Override
    public String toString() {
        return label;
    }
}
