package farpage.opencl.kernel;

import farpage.opencl.ClDevice;

/// How the pages of a launch are spread over work-items.
///
/// @opencl Work-items and work-groups, OpenCL specification section 3.2.1
public enum PageShape {
    /// One work-item goes through a page alone. On a processor a work-item is a loop on one core,
    /// and a page then streams through it.
    ITEM_PER_PAGE,
    /// The work-items of a group share a page, side by side. On a GPU neighbours then touch
    /// neighbouring memory in the same cycle.
    GROUP_PER_PAGE;

    /// The shape that suits a device.
    public static PageShape of(ClDevice device) {
        return switch (device.info().type()) {
            case CPU -> ITEM_PER_PAGE;
            case GPU, ACCELERATOR, CUSTOM -> GROUP_PER_PAGE;
        };
    }

    /// The compiler option that selects it.
    String option() {
        return switch (this) {
            case ITEM_PER_PAGE -> "";
            case GROUP_PER_PAGE -> "-DFARPAGE_GROUP_PER_PAGE";
        };
    }
}
