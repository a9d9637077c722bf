/// Several CPUs and devices at once: stepped, so that an interleaving is a number, and in real
/// threads.
@org.jspecify.annotations.NullMarked
package farpage.concurrency;
