/// The commands of the kernel's HMM test driver, as a device file would take them.
///
/// One [farpage.emulator.dmirror.Dmirror] is one open file, tied to one process. It is given
/// [farpage.emulator.dmirror.DmirrorCommand]s and answers with an error number and two counts.
@org.jspecify.annotations.NullMarked
package farpage.emulator.dmirror;
