package farpage.mm.physical;

import java.util.OptionalLong;

/// How large a machine's physical address map is, and whether the kernel's address space is laid
/// out at random, which takes a part of it away.
///
/// @param addressBits bits of a physical address
/// @param shuffleSeed of the random layout; empty for none
/// @kernel arch/x86/mm/kaslr.c: kernel_randomize_memory
public record PhysicalLayout(int addressBits, OptionalLong shuffleSeed) {
    /// The fewest bits.
    public static final int ADDRESS_BITS_MIN = 32;

    /// The most, as 5-level paging of x86-64 has.
    public static final int ADDRESS_BITS_MAX = 52;

    /// As 4-level paging of x86-64 has, not laid out at random.
    public static final PhysicalLayout DEFAULT = of(46);

    /// Checks the limits.
    public PhysicalLayout {
        if (addressBits < ADDRESS_BITS_MIN || addressBits > ADDRESS_BITS_MAX) {
            throw new IllegalArgumentException(
                    "physical address bits: value=%d, limit=%d to %d"
                            .formatted(addressBits, ADDRESS_BITS_MIN, ADDRESS_BITS_MAX));
        }
    }

    /// So many bits, and no random layout.
    public static PhysicalLayout of(int addressBits) {
        return new PhysicalLayout(addressBits, OptionalLong.empty());
    }

    /// The same, laid out at random.
    public PhysicalLayout shuffled(long seed) {
        return new PhysicalLayout(addressBits, OptionalLong.of(seed));
    }
}
