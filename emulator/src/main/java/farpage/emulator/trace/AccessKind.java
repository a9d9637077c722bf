package farpage.emulator.trace;

/// What an access of a traced program does, as a byte that fits into a batch.
///
/// @kernel include/linux/mm_types.h, `enum fault_flag`: FAULT_FLAG_INSTRUCTION and FAULT_FLAG_WRITE
public final class AccessKind {
    /// An instruction fetch (`I`).
    public static final byte FETCH = 0;

    /// A data load (`L`).
    public static final byte LOAD = 1;

    /// A data store (`S`).
    public static final byte STORE = 2;

    /// A load and a store of the same bytes by one instruction (`M`).
    public static final byte MODIFY = 3;

    private static final String LETTERS = "ILSM";

    private AccessKind() {}

    /// Whether the access changes memory.
    public static boolean writes(byte kind) {
        return kind >= STORE;
    }

    /// Whether the access sees what is in memory; a modification does both.
    public static boolean reads(byte kind) {
        return kind != STORE;
    }

    /// The letter that lackey writes.
    public static char letter(byte kind) {
        return LETTERS.charAt(kind);
    }
}
