/// The page tables of one process and the words in them: what `arch/x86/include/asm/pgtable.h` and
/// `include/linux/leafops.h` are in the kernel.
///
/// Four levels, made on demand; only the lowest holds entries. Nobody outside this module sees
/// them: a driver learns about mappings through `hmm_range_fault` and `migrate_vma`.
@org.jspecify.annotations.NullMarked
package farpage.mm.pagetable;
