package farpage.emulator.peer;

/// Whether a device reaches another one's device-private memory where it lies, and by which pages.
///
/// @kernel None: three forms that were discussed on linux-mm from 2024 on
public enum PeerMode {
    /// It does not: what a second device touches comes to RAM first, as in Linux.
    OFF,
    /// Each page of device-private memory has a second one of type PCI_P2PDMA for other devices,
    /// with a life of its own.
    TWO_PAGES,
    /// The device-private page itself says where its memory is.
    UNIFIED
}
