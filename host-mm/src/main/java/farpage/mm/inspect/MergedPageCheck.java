package farpage.mm.inspect;

import farpage.mm.Vma;
import farpage.mm.ksm.StableNode;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.Optional;

/// The check of one mapping of a merged page: nobody owns it alone, and its node leads to the
/// mapping.
final class MergedPageCheck {
    private MergedPageCheck() {}

    /// What does not hold, if anything.
    static Optional<String> check(
            FolioTable folios, long page, StableNode node, Vma vma, long address) {
        int flags = folios.flags(page);
        if ((flags & FolioFlags.KSM) == 0) {
            return Optional.of("a page with a stable node that is not marked as merged");
        }
        if ((flags & FolioFlags.ANON_EXCLUSIVE) != 0) {
            return Optional.of("a merged page is exclusive");
        }
        boolean[] found = new boolean[1];
        node.walk(folios.index(page), (mapper, at) -> found[0] |= mapper == vma && at == address);
        return found[0]
                ? Optional.empty()
                : Optional.of("the stable node does not lead to this mapping");
    }
}
