/// Several CPUs and devices on one process, all at once, with every store accounted for.
///
/// Each agent owns words of the memory that only it changes, by CPU or by device, and knows what
/// they must contain. What moves, protects, unmaps and copies pages is anybody's. So whatever
/// interleaves, every load can be checked, and what is lost shows. The agents run in threads of
/// their own under a watchdog ([farpage.emulator.stress.AgentThreads]), or are stepped by a test.
@org.jspecify.annotations.NullMarked
package farpage.emulator.stress;
