package farpage.emulator.experiment.coherent;

/// Who may have the memory of the device when RAM is short.
enum Isolation {
    /// Pages of the device: its driver alone gives them out.
    DEVICE_PAGES("pages of the device", false, true, false),
    /// A node that must be named.
    ISOLATED("isolated node", true, true, false),
    /// A node that allocations fall back to, as Linux has it.
    OPEN("open node", true, false, false),
    /// The same, with pages of RAM sinking there when they are cold.
    DEMOTING("open node, demotion", true, false, true);

    private final String label;
    private final boolean node;
    private final boolean isolated;
    private final boolean demotes;

    Isolation(String label, boolean node, boolean isolated, boolean demotes) {
        this.label = label;
        this.node = node;
        this.isolated = isolated;
        this.demotes = demotes;
    }

    /// For people.
    String label() {
        return label;
    }

    boolean isNode() {
        return node;
    }

    boolean isIsolated() {
        return isolated;
    }

    boolean demotes() {
        return demotes;
    }
}
