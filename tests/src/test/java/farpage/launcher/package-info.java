/// The launcher `./farpage` and its set-up, run as a user would run them, in a clone made of
/// stand-ins.
///
/// A [LauncherSandbox] holds copies of the real scripts and nothing else that is real: its JDKs,
/// its Maven and its package tools are a few lines of shell, the system folders are its own, and
/// `PATH` leads to the few commands the scripts may use. So no test needs a network, and none sees
/// what is installed on the machine it runs on.
@org.jspecify.annotations.NullMarked
package farpage.launcher;
