package farpage.mm.memoryfailure;

import farpage.mm.Errno;

/// What became of one broken page.
///
/// @param errno OK if nobody will use the page; EBUSY if somebody may; EHWPOISON if it was known to
///   be broken, or can not be taken from its folio; ENXIO for memory of a device whose driver has
///   no answer
/// @kernel mm/memory-failure.c: action_result
public record Outcome(Errno errno, BrokenPage page, Recovery recovery) {
    static Outcome of(BrokenPage page, Recovery recovery) {
        if (page == BrokenPage.UNSPLIT_THP) {
            return new Outcome(Errno.EHWPOISON, page, recovery);
        }
        boolean handled = recovery == Recovery.RECOVERED || recovery == Recovery.DELAYED;
        return new Outcome(handled ? Errno.OK : Errno.EBUSY, page, recovery);
    }
}
