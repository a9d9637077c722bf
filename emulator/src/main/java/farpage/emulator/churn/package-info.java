/// Memory of a process that comes to a device and goes again in pieces of every size, for as long
/// as one likes: does enough of what is free stay in pieces that large folios fit in?
///
/// A [farpage.emulator.churn.ChurnScene] makes regions of random size, migrates them, unmaps parts
/// of some, brings others back in part, and ends each after a random time, while it steers how much
/// of the device is in use. Every region knows what it must contain, so all data are verified.
@org.jspecify.annotations.NullMarked
package farpage.emulator.churn;
