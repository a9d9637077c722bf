/// One device that reaches another one's device-private memory where it lies: which pages have a
/// way, who has them now, and the copies themselves.
///
/// [farpage.emulator.peer.PeerTable] knows the devices and the ways between them. Each has
/// [farpage.emulator.peer.PeerExports] of its own memory, in one of the two forms that
/// [farpage.emulator.peer.PeerMode] names, and is a [farpage.emulator.peer.PeerClient] of the
/// others'.
@org.jspecify.annotations.NullMarked
package farpage.emulator.peer;
