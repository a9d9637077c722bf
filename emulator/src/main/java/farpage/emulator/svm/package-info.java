/// Migration between system memory and one device, in batches.
///
/// [farpage.emulator.svm.RangeMigrator] carries a migration through its phases: room on the device,
/// *setup* for every range, one copy for all of them, *pages*, the device's page table, *finish*.
/// It serves the commands of the test driver, workloads that move many separate ranges at once, and
/// the CPU fault on a device page.
@org.jspecify.annotations.NullMarked
package farpage.emulator.svm;
