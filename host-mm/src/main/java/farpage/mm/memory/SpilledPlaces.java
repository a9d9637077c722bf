package farpage.mm.memory;

import org.jspecify.annotations.Nullable;

/// The places of those pages of a section for which there is no window. Each changes as the place
/// of a page does, under the folio lock or before the page is visible; the word of the page, stored
/// afterwards, publishes it.
///
/// @kernel include/linux/mm_types.h: struct folio, mapping, index, zone_device_data
final class SpilledPlaces {
    private final @Nullable Object[] mappings = new Object[FolioSection.PAGES];
    private final long[] indices = new long[FolioSection.PAGES];
    private final @Nullable Object[] data = new Object[FolioSection.PAGES];

    void set(int page, @Nullable Object mapping, long index, @Nullable Object driverData) {
        mappings[page] = mapping;
        indices[page] = index;
        data[page] = driverData;
    }

    @Nullable Object mapping(int page) {
        return mappings[page];
    }

    long index(int page) {
        return indices[page];
    }

    @Nullable Object data(int page) {
        return data[page];
    }
}
