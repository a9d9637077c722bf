package farpage.mm.hmm;

import farpage.mm.Page;

/// One word of the answer of `hmm_range_fault`, and of the request for it.
///
/// ```
///  63    62    61    60 58  57       53 52        51                  0
/// | VALID WRITE ERROR sticky mapping order ALLOW_P2P | page word          |
///   as input: 63 REQ_FAULT, 62 REQ_WRITE, 52 ALLOW_P2P
/// ```
///
/// The proposal of `ALLOW_P2P` takes a bit of its own beside the others and moves the order; here a
/// page word has room for it.
///
/// @kernel include/linux/hmm.h: enum hmm_pfn_flags
public final class HmmPfn {
    public static final long REQ_FAULT = 1L << 63;
    public static final long REQ_WRITE = 1L << 62;

    static final long VALID = 1L << 63;
    static final long WRITE = 1L << 62;
    static final long ERROR = 1L << 61;

    private static final int ORDER_SHIFT = 53;
    private static final long ORDER_MASK = 0x1f;

    /// The caller takes a page of another device where it lies; as output, that it may.
    ///
    /// @kernel None: HMM_PFN_ALLOW_P2P, proposed in 2025
    public static final long ALLOW_P2P = 1L << (ORDER_SHIFT - 1);

    private static final long PAGE_MASK = ALLOW_P2P - 1;

    static final long DMA_MAPPED = 1L << 60;
    static final long P2PDMA = 1L << 59;
    static final long P2PDMA_BUS = 1L << 58;

    /// What [HmmDmaMap] notes in a word, which stays over calls.
    ///
    /// @kernel include/linux/hmm.h: HMM_PFN_INOUT_FLAGS
    static final long STICKY = DMA_MAPPED | P2PDMA | P2PDMA_BUS;

    /// What a call keeps in a word.
    static final long KEPT = STICKY | ALLOW_P2P;

    private HmmPfn() {}

    static long of(long page, boolean writable, int order) {
        return VALID | (writable ? WRITE : 0) | (long) order << ORDER_SHIFT | page;
    }

    public static boolean isValid(long word) {
        return (word & VALID) != 0;
    }

    public static boolean isWritable(long word) {
        return (word & WRITE) != 0;
    }

    /// There can be no mapping at the address.
    public static boolean isError(long word) {
        return (word & ERROR) != 0;
    }

    /// Whether pages of other devices are taken where they lie.
    public static boolean allowsP2p(long word) {
        return (word & ALLOW_P2P) != 0;
    }

    /// The device addresses the page.
    public static boolean isDmaMapped(long word) {
        return (word & DMA_MAPPED) != 0;
    }

    public static long page(long word) {
        assert isValid(word);
        return word & PAGE_MASK;
    }

    /// The order of the CPU's mapping: 0 for a base entry, 9 for a PMD.
    public static int order(long word) {
        return (int) (word >>> ORDER_SHIFT & ORDER_MASK);
    }

    public static String describe(long word) {
        if (isError(word)) {
            return "error";
        }
        return isValid(word)
                ? Page.describe(page(word)) + (isWritable(word) ? " write" : " read")
                : "none";
    }
}
