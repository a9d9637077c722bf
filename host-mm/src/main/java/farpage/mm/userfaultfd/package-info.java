/// Faults that a program handles itself: what `fs/userfaultfd.c` and `mm/userfaultfd.c` are in the
/// kernel.
///
/// A program registers ranges of its memory with a [farpage.mm.userfaultfd.Userfaultfd]. A fault
/// there becomes a message; the faulting thread gives the mmap lock up and sleeps until another
/// thread has read the message, put a page in place, and so woken it. Then the access is tried
/// again. Whoever faults without being able to wait like that gets SIGBUS: `hmm_range_fault` is one
/// of them, its unlocked variant is not.
///
/// Anonymous memory only. There are no events for calls that change mappings, so mappings that are
/// inherited or moved are not registered.
@org.jspecify.annotations.NullMarked
package farpage.mm.userfaultfd;
