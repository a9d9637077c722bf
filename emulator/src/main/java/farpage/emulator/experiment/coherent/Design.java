package farpage.emulator.experiment.coherent;

/// How a machine has the memory of a device that CPUs reach.
enum Design {
    /// As pages of the device, which its driver gives out.
    DEVICE_PAGES("pages of the device"),
    /// As a node; the CPU copies what moves.
    NODE("node, CPU copies"),
    /// As a node; the device copies what moves.
    NODE_OFFLOAD("node, device copies");

    private final String label;

    Design(String label) {
        this.label = label;
    }

    /// For people.
    String label() {
        return label;
    }

    boolean isNode() {
        return this != DEVICE_PAGES;
    }
}
