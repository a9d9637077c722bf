/// A machine with devices whose memory is OpenCL buffers.
///
/// An [farpage.emulator.Emulator] is made from an [farpage.emulator.EmulatorConfig]. It has
/// processes ([farpage.mm.Mm]) and [farpage.emulator.EmulatedDevice]s; a device opened for a
/// process takes the commands of the kernel's HMM test driver.
///
/// ```
/// try (Emulator emulator = new Emulator(EmulatorConfig.of(binding, clDevice))) {
///     Mm process = emulator.newProcess();
///     long address = process.mmap(1 << 20, VmFlags.READ | VmFlags.WRITE);
///     Dmirror file = emulator.device(0).open(process);
///     DmirrorReply reply = file.execute(new DmirrorCommand.MigrateToDevice(address, 256, buffer));
/// }
/// ```
@org.jspecify.annotations.NullMarked
package farpage.emulator;
