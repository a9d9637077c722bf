package farpage.emulator.experiment.coherent;

/// What is timed of each design.
enum Step {
    /// From RAM to the device's memory, all in one call.
    MOVE_IN("moveIn"),
    /// The CPU loads all of it where it is.
    CPU_READ("cpuRead"),
    /// The CPU stores to all of it where it is.
    CPU_WRITE("cpuWrite"),
    /// A kernel of the device reads all of it where it is.
    DEVICE_READ("deviceRead"),
    /// The device stores to all of it through its page table.
    DEVICE_WRITE("deviceWrite"),
    /// Back to RAM, all in one call.
    MOVE_OUT("moveOut");

    private final String field;

    Step(String field) {
        this.field = field;
    }

    /// For programs.
    String field() {
        return field;
    }
}
