/// How a driver learns what is mapped, and has it faulted in: what `mm/hmm.c` is in the kernel.
@org.jspecify.annotations.NullMarked
package farpage.mm.hmm;
