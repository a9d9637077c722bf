package farpage.emulator.svm;

import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.file.DeviceCopies;
import farpage.mm.file.DeviceCopy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/// A copy of one page of a file in a device's memory, and the places at which mirrored processes
/// have it.
///
/// @kernel drivers/gpu/drm/drm_gpusvm.c: struct drm_gpusvm_range, of a design that was proposed
final class FileCopy implements DeviceCopy {
    /// Places among which none that was left is looked for.
    static final int PLACES = 8;

    private final FileCopier owner;
    private final DeviceCopies file;
    private final long index;
    private final long devicePage;
    private final AtomicBoolean dropped = new AtomicBoolean();
    private final List<Place> places = new CopyOnWriteArrayList<>();

    /// How many there may be before those that were left are looked for; under the lock of the page
    /// of the file.
    private int lookAgainAt = PLACES;

    private record Place(ProcessMirror mirror, long pageNumber) {}

    FileCopy(FileCopier owner, DeviceCopies file, long index, long devicePage) {
        this.owner = owner;
        this.file = file;
        this.index = index;
        this.devicePage = devicePage;
    }

    FileCopier owner() {
        return owner;
    }

    @Override
    public long devicePage() {
        return devicePage;
    }

    /// Has a process's device read the copy at an address. The page of the file is locked.
    void enter(ProcessMirror mirror, long pageNumber) {
        Place place = new Place(mirror, pageNumber);
        if (!places.contains(place)) {
            if (places.size() >= lookAgainAt) {
                places.removeIf(one -> !isUsed(one));
                lookAgainAt = Math.max(PLACES, 2 * places.size());
            }
            places.add(place);
        }
        DevicePageTable table = mirror.table();
        table.lock();
        table.setEntryLocked(pageNumber, DevicePte.of(devicePage, false));
        table.unlock();
    }

    /// Whether a process's device reads the copy there still. Where the mapping has changed since,
    /// or the process is gone, it does not.
    private boolean isUsed(Place place) {
        DevicePageTable table = place.mirror().table();
        table.lock();
        try {
            return names(table.entryLocked(place.pageNumber()));
        } finally {
            table.unlock();
        }
    }

    private boolean names(long entry) {
        return DevicePte.isPresent(entry) && DevicePte.page(entry) == devicePage;
    }

    /// Places at which it was entered and not found to be left since.
    int placeCount() {
        return places.size();
    }

    /// Whoever comes second, the file or the driver, takes the entries away all the same: they must
    /// be gone when the call returns.
    @Override
    public void drop() {
        for (Place place : places) {
            DevicePageTable table = place.mirror().table();
            table.lock();
            if (names(table.entryLocked(place.pageNumber()))) {
                table.eraseLocked(place.pageNumber(), place.pageNumber() + 1);
            }
            table.unlock();
        }
        if (dropped.compareAndSet(false, true)) {
            owner.free(devicePage);
        }
    }

    /// The driver wants the memory for something else.
    ///
    /// @return false if the file has dropped it already
    boolean discard() {
        if (dropped.get()) {
            return false;
        }
        file.forget(index, this);
        drop();
        return true;
    }
}
