package farpage.mm.hmm;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.notifier.MmuIntervalNotifier;
import org.jspecify.annotations.Nullable;

/// What a driver asks `hmm_range_fault` for.
///
/// @param mm the process
/// @param notifier a notifier that covers the range
/// @param notifierSequence from [MmuIntervalNotifier#readBegin()]
/// @param start first address, a page boundary
/// @param end first address after the range
/// @param hmmPfns one word for each page, request in and answer out
/// @param defaultFlags asked for at every page
/// @param pfnFlagsMask which bits of the words in `hmmPfns` are requests
/// @param devicePrivateOwner whose device-private pages are answered as they are, by identity
/// @kernel include/linux/hmm.h: struct hmm_range
@SuppressWarnings("ArrayRecordComponent") // filled in place, as the kernel does; never compared
public record HmmRange(
        Mm mm,
        MmuIntervalNotifier notifier,
        long notifierSequence,
        long start,
        long end,
        long[] hmmPfns,
        long defaultFlags,
        long pfnFlagsMask,
        @Nullable Object devicePrivateOwner) {
    public HmmRange {
        if (!PageSize.isAligned(start) || !PageSize.isAligned(end) || start >= end) {
            throw new IllegalArgumentException(
                    String.format("range: start=%x, end=%x, limit=page boundaries", start, end));
        }
        if (hmmPfns.length < PageSize.pageNumber(end - start)) {
            throw new IllegalArgumentException(
                    "hmmPfns: length="
                            + hmmPfns.length
                            + ", limit="
                            + PageSize.pageNumber(end - start));
        }
    }

    /// What is wanted at a page: `REQ_FAULT`, with `REQ_WRITE` or without; 0 for nothing.
    long need(int index) {
        long need = hmmPfns[index] & pfnFlagsMask | defaultFlags;
        return (need & HmmPfn.REQ_FAULT) == 0 ? 0 : need & (HmmPfn.REQ_FAULT | HmmPfn.REQ_WRITE);
    }

    /// Whether any page of the range may be answered with another device's.
    boolean mayAllowP2p() {
        return ((pfnFlagsMask | defaultFlags) & HmmPfn.ALLOW_P2P) != 0;
    }

    /// Whether this page may be.
    boolean allowsP2p(int index) {
        return HmmPfn.allowsP2p(hmmPfns[index] & pfnFlagsMask | defaultFlags);
    }

    int index(long address) {
        return (int) PageSize.pageNumber(address - start);
    }
}
