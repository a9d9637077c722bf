package farpage.mm.file;

import farpage.mm.Machine;
import farpage.mm.memory.FolioFlags;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;

/// The copies that devices have of one file's pages. A page with copies is in the page cache, and
/// no CPU can store to it without a fault, which has the copies dropped first.
///
/// What is known of one page changes under its folio lock; only its driver may forget a copy
/// without that.
///
/// @kernel mm/filemap.c
public final class DeviceCopies {
    private final FileMapping file;
    private final Machine machine;
    private final ConcurrentHashMap<Long, List<DeviceCopy>> byIndex = new ConcurrentHashMap<>();

    DeviceCopies(FileMapping file) {
        this.file = file;
        this.machine = file.machine();
    }

    /// Whose pages they are of.
    public FileMapping file() {
        return file;
    }

    /// Adds a copy that is about to be made. From here on its bytes can not change before it is
    /// dropped.
    ///
    /// @param page of the file, locked
    /// @return false if somebody may change it without a fault
    public boolean add(long index, long page, DeviceCopy copy) {
        if (!file.holds(page, index) || machine.folios().hasFlag(page, FolioFlags.HWPOISON)) {
            return false;
        }
        new WriteBack(file).protectLocked(index, page);
        // Not before: an entry that still permitted stores may just have been followed to pin it.
        if (machine.folios().isMaybePinned(page)) {
            return false;
        }
        byIndex.merge(index, List.of(copy), DeviceCopies::joined);
        machine.filesOnDevices().note(FilesOnDevices.Event.COPIED);
        return true;
    }

    private static List<DeviceCopy> joined(List<DeviceCopy> one, List<DeviceCopy> other) {
        List<DeviceCopy> all = new ArrayList<>(one);
        all.addAll(other);
        return List.copyOf(all);
    }

    /// The copies of a page.
    public List<DeviceCopy> of(long index) {
        return byIndex.getOrDefault(index, List.of());
    }

    /// Forgets a copy that its driver gives up by itself.
    @SuppressWarnings("ReferenceEquality") // that copy, and no other
    public void forget(long index, DeviceCopy copy) {
        byIndex.computeIfPresent(
                index,
                (_, copies) -> {
                    List<DeviceCopy> left = copies.stream().filter(one -> one != copy).toList();
                    return left.isEmpty() ? null : left;
                });
    }

    /// Has all copies of a page dropped. Its folio is locked.
    void drop(long index) {
        List<DeviceCopy> copies = byIndex.remove(index);
        if (copies != null) {
            for (DeviceCopy copy : copies) {
                copy.drop();
                machine.filesOnDevices().note(FilesOnDevices.Event.COPY_DROPPED);
            }
        }
    }

    /// Visits the index of every page that has copies.
    public void forEachIndex(LongConsumer visitor) {
        byIndex.keySet().forEach(visitor::accept);
    }
}
