package farpage.mm.memory;

import org.jspecify.annotations.Nullable;

/// What many pages of a section have in common in their place.
///
/// @param mapping that they belong to
/// @param stretch which 4 GiB of it, by number
/// @param data the driver's private pointer
/// @kernel include/linux/mm_types.h: struct folio, mapping, index, zone_device_data
record PlaceWindow(@Nullable Object mapping, long stretch, @Nullable Object data) {
    @SuppressWarnings("ReferenceEquality") // known by identity
    boolean is(@Nullable Object otherMapping, long otherStretch, @Nullable Object otherData) {
        return mapping == otherMapping && stretch == otherStretch && data == otherData;
    }
}
