package farpage.mm.rmap;

import farpage.mm.Vma;

/// One link between a VMA and an `AnonVma` whose pages may be mapped in it. A VMA has a list of
/// them, an `AnonVma` a tree.
///
/// @kernel include/linux/rmap.h: struct anon_vma_chain
public final class AnonVmaChain extends VmaIntervalTree.Node {
    private final AnonVma anonVma;

    public AnonVmaChain(Vma vma, AnonVma anonVma) {
        super(vma);
        this.anonVma = anonVma;
    }

    public AnonVma anonVma() {
        return anonVma;
    }
}
