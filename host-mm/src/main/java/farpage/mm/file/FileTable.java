package farpage.mm.file;

import farpage.mm.Check;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioTable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The files that are open on a machine. Two openings of one path share the file's pages.
///
/// A file of which nothing is open any more is written back and forgotten at once; its pages are
/// not kept for the next opening.
///
/// @kernel fs/inode.c: inode_hashtable; fs/file_table.c
public final class FileTable {
    private final Machine machine;
    private final RankedLock lock = new RankedLock(LockRank.FILE_TABLE);
    private final List<FileMapping> files = new ArrayList<>();
    private final List<Pipe> pipes = new ArrayList<>();
    private final Map<Path, FileMapping> byPath = new HashMap<>();
    private long nextInode = 1;

    public FileTable(Machine machine) {
        this.machine = machine;
    }

    /// An empty file that exists in memory alone.
    ///
    /// @kernel mm/memfd.c: memfd_create
    public OpenFile memfd() {
        return openNew(new ShmemStore(), "/memfd: (deleted)", 0, null);
    }

    /// A pipe with nothing in it.
    ///
    /// @kernel fs/pipe.c: do_pipe2
    public Pipe pipe() {
        Pipe pipe = new Pipe(machine);
        lock.lock();
        pipes.add(pipe);
        lock.unlock();
        return pipe;
    }

    void released(Pipe pipe) {
        lock.lock();
        pipes.remove(pipe);
        lock.unlock();
    }

    /// The pipes that were not closed.
    public List<Pipe> pipes() {
        lock.lock();
        try {
            return List.copyOf(pipes);
        } finally {
            lock.unlock();
        }
    }

    /// The file behind shared anonymous memory.
    ///
    /// @kernel mm/shmem.c: shmem_zero_setup
    public OpenFile sharedMemory(long size) {
        return openNew(new ShmemStore(), "/dev/zero (deleted)", size, null);
    }

    /// A device's file: it has no bytes, and a mapping of it has the pages that the driver puts
    /// there.
    public OpenFile device(DriverMmap driverMmap) {
        return openNew(new ShmemStore(), "/dev/device", 0, driverMmap);
    }

    /// A file with contents in the given store, which it owns.
    public OpenFile openStore(BackingStore store, long size) {
        return openStore(store, size, 0);
    }

    /// The same of a file system whose files have large folios.
    ///
    /// @param maxFolioOrder the largest; 0 for base pages alone
    /// @kernel include/linux/pagemap.h: mapping_set_folio_order_range
    public OpenFile openStore(BackingStore store, long size, int maxFolioOrder) {
        checkFolioOrder(maxFolioOrder);
        lock.lock();
        try {
            return openNewLocked(store, "/file", size, maxFolioOrder, null);
        } finally {
            lock.unlock();
        }
    }

    private static void checkFolioOrder(int order) {
        boolean possible = order >= FolioTable.LARGE_ORDER_MIN && order <= PageSize.HPAGE_PMD_ORDER;
        if (order != 0 && !possible) {
            throw new IllegalArgumentException(
                    "maxFolioOrder: value="
                            + order
                            + ", limit=0 or "
                            + FolioTable.LARGE_ORDER_MIN
                            + " to "
                            + PageSize.HPAGE_PMD_ORDER);
        }
    }

    private OpenFile openNew(
            BackingStore store, String path, long size, @Nullable DriverMmap driverMmap) {
        lock.lock();
        try {
            return openNewLocked(store, path, size, 0, driverMmap);
        } finally {
            lock.unlock();
        }
    }

    private OpenFile openNewLocked(
            BackingStore store,
            String path,
            long size,
            int maxFolioOrder,
            @Nullable DriverMmap driverMmap) {
        FileName name = new FileName(path, nextInode++, store.isShmem());
        FileMapping mapping = new FileMapping(machine, store, name, size, maxFolioOrder);
        files.add(mapping);
        mapping.openCount = 1;
        return new OpenFile(this, mapping, true, true, driverMmap);
    }

    /// Opens a file of the host for reading, and for writing if asked for.
    ///
    /// @throws IOException if the host refuses
    /// @kernel fs/open.c: do_sys_openat2
    public OpenFile open(Path path, boolean writable) throws IOException {
        return open(path, writable, 0);
    }

    /// The same of a file system whose files have large folios. A file that is open already keeps
    /// its own size.
    ///
    /// @param maxFolioOrder the largest; 0 for base pages alone
    /// @throws IOException if the host refuses
    /// @kernel include/linux/pagemap.h: mapping_set_folio_order_range
    public OpenFile open(Path path, boolean writable, int maxFolioOrder) throws IOException {
        checkFolioOrder(maxFolioOrder);
        Path real = path.toRealPath();
        lock.lock();
        try {
            FileMapping mapping = byPath.get(real);
            if (mapping == null) {
                FileChannel channel = FileChannel.open(real, hostOptions(real));
                FileName name = new FileName(real.toString(), nextInode++, false);
                mapping =
                        new FileMapping(
                                machine,
                                new DiskStore(channel),
                                name,
                                channel.size(),
                                maxFolioOrder);
                files.add(mapping);
                byPath.put(real, mapping);
            }
            mapping.openCount++;
            return new OpenFile(this, mapping, true, writable, null);
        } finally {
            lock.unlock();
        }
    }

    /// Opens a file once more that is open already, with rights of its own.
    ///
    /// @kernel fs/proc/fd.c: opening /proc/PID/fd/N
    public OpenFile reopen(OpenFile file, boolean writable) {
        lock.lock();
        try {
            file.mapping().openCount++;
            return new OpenFile(this, file.mapping(), true, writable, file.driverMmap());
        } finally {
            lock.unlock();
        }
    }

    /// A file that somebody opens to read now may be opened to write later; they share the channel.
    private static Set<StandardOpenOption> hostOptions(Path path) {
        Set<StandardOpenOption> options = EnumSet.of(StandardOpenOption.READ);
        if (path.toFile().canWrite()) {
            options.add(StandardOpenOption.WRITE);
        }
        return options;
    }

    /// The last reference to one opening is gone. With the last opening the file is written back,
    /// and its pages are freed.
    ///
    /// @kernel fs/inode.c: iput, evict
    void release(FileMapping mapping) {
        lock.lock();
        try {
            mapping.openCount--;
            if (mapping.openCount > 0) {
                return;
            }
            new WriteBack(mapping).sync(0, Long.MAX_VALUE);
            new Truncation(mapping).evict();
            files.remove(mapping);
            byPath.values().remove(mapping);
        } finally {
            lock.unlock();
        }
    }

    /// The files that something holds open.
    public List<FileMapping> files() {
        lock.lock();
        try {
            return List.copyOf(files);
        } finally {
            lock.unlock();
        }
    }

    /// Every file must have been closed, and every pipe.
    public void close() {
        Check.that(files().isEmpty(), "a machine was closed with files open on it");
        Check.that(pipes().isEmpty(), "a machine was closed with pipes open on it");
    }
}
