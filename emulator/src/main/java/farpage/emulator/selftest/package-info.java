/// The kernel's test program for device memory, `hmm-tests`, as behaviour: every case by its
/// upstream name, built from what it does and what must hold.
///
/// [SelftestSuite] lists the cases in upstream order, each for the private and the coherent
/// devices. [SelftestRunner] gives each its own machine and a limit of time, checks all invariants
/// at its end and that everything was given back. A case is a method of a class named `…Cases`. It
/// works with a [TestProgram]: the devices that its fixture opened, a process that maps, loads,
/// stores and forks, and pages with a buffer that the device's commands copy from and to. An
/// expectation that does not hold ends the case.
@org.jspecify.annotations.NullMarked
package farpage.emulator.selftest;
