package farpage.emulator.selftest;

/// The signals that end a process of a case.
///
/// @kernel include/uapi/asm-generic/signal.h
enum Signal {
    SIGBUS,
    SIGKILL,
    SIGSEGV,
    SIGTERM
}
