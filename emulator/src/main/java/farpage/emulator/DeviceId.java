package farpage.emulator;

/// The number of an emulated device, from 0, as in `/dev/hmm_dmirror0`.
///
/// @param index counts from 0
/// @kernel lib/test_hmm.c: the minor number of the device
public record DeviceId(int index) {}
