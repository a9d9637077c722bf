/// What the tests of this module share: a machine that checks itself after each test, a process
/// that loads and stores, a device whose memory is plain memory, and threads that are stepped.
@org.jspecify.annotations.NullMarked
package farpage.mm.testing;
