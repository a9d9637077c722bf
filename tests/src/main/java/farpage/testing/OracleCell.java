package farpage.testing;

import farpage.emulator.peer.PeerMode;
import farpage.emulator.trace.RegionKind;
import farpage.emulator.trace.RegionProtection;
import org.jspecify.annotations.Nullable;

/// One mapped page, as the [PageOracle] knows it.
///
/// @kernel none
final class OracleCell {
    static final int NOWHERE = -1;

    private static final int LOCAL = 0x20;
    private static final int REMOTE = 0x30;
    private static final int COHERENT_LOCAL = 0x40;
    private static final int COHERENT_REMOTE = 0x50;

    /// A page of an object that several mappings show.
    static final class SharedPage {
        PageContent content = PageContent.ZERO;

        /// Whether its file ends before it.
        boolean beyondEnd;
    }

    final RegionKind kind;
    private final @Nullable SharedPage shared;
    private PageContent own = PageContent.ZERO;
    RegionProtection protection = RegionProtection.READ_WRITE;

    /// Devices that may hold it, as bits: never too few.
    int mayBeOn;

    /// The device that surely holds it.
    int surelyOn = NOWHERE;

    /// Whether its entry may lack the right to write though its VMA has it. A device that holds
    /// such a page may not write it, and is not helped.
    boolean mayBeReadType;

    /// Whether another process may have the same page, so that a store makes a copy in RAM.
    boolean mayBeCopied;

    /// Whether a device may have it for itself; then it does not migrate.
    boolean mayBeExclusive;

    /// What its VMA was advised.
    boolean mergeable;

    boolean dontFork;
    boolean wipeOnFork;

    /// Whether it may be the same page as another of the same contents, and move with that; or was,
    /// and hears of what happens to the others.
    boolean mayBeMerged;

    /// Whether it may be in swap, or have a slot there; then it may not migrate.
    boolean mayBeSwapped;

    /// Whether its page may be part of a large folio, and so move with others.
    boolean mayBeLarge;

    /// How often it is pinned.
    int pinCount;

    /// Whether its bytes may be dropped when its page is reclaimed, since it was advised free.
    boolean mayBeDropped;

    /// Whether its page may have been reclaimed since.
    boolean mayBeReclaimed;

    /// Whether it was stored to since the soft-dirty bits were cleared, and its entry stayed.
    boolean softDirty;

    /// Whether a store to it may go unnoticed: it may come back from a device writable.
    boolean missesStores;

    /// What else it may contain, until somebody looks.
    @Nullable PageContent alternative;

    /// It may contain anything, until somebody stores.
    boolean torn;

    OracleCell(RegionKind kind) {
        this(kind, kind == RegionKind.SHARED_ANON ? new SharedPage() : null);
    }

    /// @param shared the page of a file, null for memory that is no file's
    OracleCell(RegionKind kind, @Nullable SharedPage shared) {
        this.kind = kind;
        this.shared = shared;
    }

    /// The page of a forked child.
    OracleCell(OracleCell original) {
        kind = original.kind;
        shared = original.shared;
        protection = original.protection;
        mergeable = original.mergeable;
        wipeOnFork = original.wipeOnFork;
        mayBeLarge = original.mayBeLarge;
        if (!wipeOnFork) {
            own = original.own;
            mayBeOn = original.mayBeOn;
            mayBeExclusive = original.mayBeExclusive;
            mayBeMerged = original.mayBeMerged;
            mayBeReadType = true;
            mayBeCopied = true;
            mayBeSwapped = original.mayBeSwapped;
            mayBeDropped = original.mayBeDropped;
            mayBeReclaimed = original.mayBeReclaimed;
        }
    }

    /// What is left where this page was moved away from: the mapping, without a page.
    OracleCell leftBehind() {
        OracleCell left = new OracleCell(kind, shared);
        left.protection = protection;
        left.mergeable = mergeable;
        left.dontFork = dontFork;
        left.wipeOnFork = wipeOnFork;
        left.mayBeLarge = mayBeLarge;
        left.mayBeOn = isShared() ? mayBeOn : 0; // the page of an object stays where it is
        return left;
    }

    /// Whether both show the same page of an object.
    boolean isSameObject(OracleCell other) {
        return shared != null && shared == other.shared;
    }

    /// What all mappings of one page of an object have in common.
    Object object() {
        assert shared != null;
        return shared;
    }

    PageContent content() {
        return shared != null ? shared.content : own;
    }

    void setContent(PageContent content) {
        if (shared != null) {
            shared.content = content;
        } else {
            own = content;
        }
    }

    boolean isShared() {
        return shared != null;
    }

    /// Whether there is no page of its file any more.
    boolean isBeyondEnd() {
        return shared != null && shared.beyondEnd;
    }

    boolean isReadable() {
        return protection != RegionProtection.NONE;
    }

    boolean isWritable() {
        return protection == RegionProtection.READ_WRITE;
    }

    boolean mayBeOn(int device) {
        return (mayBeOn & 1 << device) != 0;
    }

    /// The process uses it: it is in system memory now, or where it was on a coherent device.
    void use(int coherent, boolean write) {
        mayBeOn &= coherent;
        mayMove(coherent, write);
        mayBeExclusive = false;
    }

    /// A fault may have moved it to system memory. From a coherent device only a copy does.
    void mayMove(int coherent, boolean write) {
        if (!isSurelyOnAny(coherent) || write && mayBeCopied) {
            surelyOn = NOWHERE;
        }
    }

    /// Whether one of the devices surely holds it.
    boolean isSurelyOnAny(int devices) {
        return surelyOn != NOWHERE && (devices & 1 << surelyOn) != 0;
    }

    /// A migration to a device reached it.
    void mayGoTo(int device) {
        missesStores = true;
        mayBeOn |= 1 << device;
        surelyOn = NOWHERE;
    }

    void store(PageContent stored) {
        setContent(stored);
        alternative = null;
        torn = false;
        mayBeReadType = false;
        mayBeCopied = false;
        mayBeSwapped = false;
        mayBeDropped = false;
        mayBeReclaimed = false;
    }

    /// The bits of the process that maps it are cleared, but not where a page is pinned, which may
    /// be another one of the same folio.
    void clearSoftDirty(boolean largeMayBePinned) {
        softDirty = false;
        mayBeReadType = true;
        boolean mayBePinned = pinCount > 0 || mayBeLarge && largeMayBePinned;
        missesStores = mayBeOn != 0 || mayBeExclusive || mayBePinned;
    }

    /// Its entry loses the right to write; if it is on a device, the bit is lost on the way.
    void loseSoftDirtyOnDevice() {
        softDirty &= mayBeOn == 0;
    }

    /// Its page is gone; the next access finds what lies below it.
    void forget() {
        own = PageContent.ZERO;
        int place = isShared() ? mayBeOn : 0; // the page of an object stays where it is
        use(0, false);
        mayBeOn = place;
        mayBeSwapped = false;
        mayBeDropped = false;
        mayBeReclaimed = false;
        softDirty = false;
    }

    /// Others may have moved it meanwhile.
    ///
    /// @param movesFiles whether pages of files move too
    void losePlace(boolean movesFiles) {
        surelyOn = NOWHERE;
        mayBeOn = isShared() && !movesFiles ? 0 : ~0;
        mayBeReadType = true;
        mayBeCopied = true;
    }

    /// Whether the byte of a snapshot agrees with what is known of the page; null where nothing is
    /// mapped.
    static boolean agrees(int prot, @Nullable OracleCell cell, int device, PageOracle.Rules rules) {
        if (cell == null || !cell.isReadable()) {
            return prot == 0xff;
        }
        if (prot == 0xff) {
            return cell.mayBeHugeOnOther(device, rules.coherent());
        }
        boolean permitted = (prot & 0x2) == 0 || cell.isWritable();
        return permitted && cell.agreesOnPlace(prot & 0xf0, device, rules);
    }

    /// Of huge pages on another device that is not coherent it is said that there is an error.
    ///
    /// @kernel mm/hmm.c: hmm_vma_handle_absent_pmd
    private boolean mayBeHugeOnOther(int device, int coherent) {
        return mayBeLarge && surelyOn != device && (mayBeOn & ~coherent & ~(1 << device)) != 0;
    }

    /// Pages of another device are told only if that is coherent, or if devices use each other's
    /// memory.
    private boolean agreesOnPlace(int place, int device, PageOracle.Rules rules) {
        boolean isCoherent = (rules.coherent() & 1 << device) != 0;
        int others = rules.coherent() & ~(1 << device);
        return switch (place) {
            case LOCAL, COHERENT_LOCAL ->
                    isCoherent == (place == COHERENT_LOCAL)
                            && mayBeOn(device)
                            && (surelyOn == NOWHERE || surelyOn == device);
            case REMOTE ->
                    rules.peers() == PeerMode.OFF
                            ? surelyOn == NOWHERE
                            : (mayBeOn & ~rules.coherent() & ~(1 << device)) != 0
                                    && surelyOn != device
                                    && !isSurelyOnAny(others);
            case COHERENT_REMOTE ->
                    (mayBeOn & others) != 0 && (surelyOn == NOWHERE || isSurelyOnAny(others));
            case 0 -> surelyOn != device && !isSurelyOnAny(others);
            default -> surelyOn == NOWHERE;
        };
    }
}
