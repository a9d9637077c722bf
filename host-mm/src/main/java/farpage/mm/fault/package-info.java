/// Page faults: what `mm/memory.c` is in the kernel.
///
/// [farpage.mm.fault.PageFaultHandler] looks at the entry and hands over to one class for each kind
/// of fault. A fault that was handled lets the access try again; it never does the access itself.
@org.jspecify.annotations.NullMarked
package farpage.mm.fault;
