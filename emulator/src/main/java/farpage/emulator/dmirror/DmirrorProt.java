package farpage.emulator.dmirror;

/// The byte that a snapshot gives for a page.
///
/// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_PROT_*
public final class DmirrorProt {
    /// No mapping, or no access; stands alone.
    public static final int ERROR = 0xff;

    /// Nothing there yet, or nothing that this device may know of.
    public static final int NONE = 0x00;

    public static final int READ = 0x01;
    public static final int WRITE = 0x02;

    /// Mapped by a PMD.
    public static final int PMD = 0x04;

    /// Mapped by a PUD.
    public static final int PUD = 0x08;

    /// The page of zeros.
    public static final int ZERO = 0x10;

    /// Device-private memory of this device.
    public static final int DEVICE_PRIVATE_LOCAL = 0x20;

    /// Device-private memory of another device.
    public static final int DEVICE_PRIVATE_REMOTE = 0x30;

    /// Device-coherent memory of this device.
    public static final int DEVICE_COHERENT_LOCAL = 0x40;

    /// Device-coherent memory of another device.
    public static final int DEVICE_COHERENT_REMOTE = 0x50;

    private static final int PLACE_MASK = 0x70;

    private DmirrorProt() {}

    /// The byte in words.
    public static String describe(int prot) {
        if (prot == ERROR) {
            return "error";
        }
        if (prot == NONE) {
            return "none";
        }
        String place =
                switch (prot & PLACE_MASK) {
                    case ZERO -> " zero page";
                    case DEVICE_PRIVATE_LOCAL -> " device-private";
                    case DEVICE_PRIVATE_REMOTE -> " device-private of another device";
                    case DEVICE_COHERENT_LOCAL -> " device-coherent";
                    case DEVICE_COHERENT_REMOTE -> " device-coherent of another device";
                    default -> "";
                };
        return ((prot & WRITE) != 0 ? "write" : "read")
                + ((prot & PMD) != 0 ? " pmd" : "")
                + ((prot & PUD) != 0 ? " pud" : "")
                + place;
    }
}
