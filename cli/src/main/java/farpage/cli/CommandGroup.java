package farpage.cli;

import java.util.List;

/// A word of the command line that needs another one after it; run without, it says which.
interface CommandGroup extends Runnable {
    /// What may follow, each with its name.
    List<Command> commands();
}
