package farpage.mm.file;

import java.util.concurrent.atomic.AtomicLongArray;

/// How a machine deals with pages of files and devices, and how often that happened.
///
/// @kernel mm/filemap.c; mm/migrate_device.c
public final class FilesOnDevices {
    /// What is counted, page by page.
    ///
    /// @kernel include/linux/vm_event_item.h
    public enum Event {
        /// Pages that moved to a device.
        MOVED,
        /// Dirty pages that were written to their store first.
        CLEANED,
        /// Pages that did not move because that failed.
        CLEANING_FAILED,
        /// Pages that a look-up brought back.
        FETCHED,
        /// Look-ups that ended in an error because the page could not be brought back.
        FETCH_FAILED,
        /// Pages brought back whose contents came from the store and not from the device.
        READ_AGAIN,
        /// Among those, pages that the device had written: what it wrote is gone.
        WRITES_LOST,
        /// Pages on a device that left their file, and were thrown away there.
        DISCARDED,
        /// Copies that devices made of pages.
        COPIED,
        /// Copies that the file had dropped.
        COPY_DROPPED
    }

    private final AtomicLongArray counts = new AtomicLongArray(Event.values().length);
    private volatile FileBackedMode mode = FileBackedMode.OFF;

    /// Pages of files stay, until a mode is chosen.
    public FilesOnDevices() {}

    public FileBackedMode mode() {
        return mode;
    }

    /// Chooses the design, before any file is open.
    public void setMode(FileBackedMode newMode) {
        mode = newMode;
    }

    /// Whether pages of files move to devices.
    public boolean movesPages() {
        return mode == FileBackedMode.MIGRATE;
    }

    /// Whether devices copy pages of files.
    public boolean copiesPages() {
        return mode == FileBackedMode.COPY;
    }

    /// How often something happened.
    @SuppressWarnings("EnumOrdinal") // lives only as long as the machine
    public long count(Event event) {
        return counts.get(event.ordinal());
    }

    void note(Event event) {
        note(event, 1);
    }

    @SuppressWarnings("EnumOrdinal") // lives only as long as the machine
    void note(Event event, int pageCount) {
        counts.addAndGet(event.ordinal(), pageCount);
    }
}
