package farpage.mm.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// A file on the host's disk that fails, or is slow, when it is told to: for tests, and for
/// experiments with what files cost.
///
/// ```
/// FaultyDisk disk = FaultyDisk.open(path);
/// OpenFile file = machine.files().openStore(disk, disk.size());
/// disk.failWrites(1);                     // the next page that is written fails
/// ```
///
/// @kernel drivers/md/dm-flakey.c; drivers/md/dm-delay.c
public final class FaultyDisk implements BackingStore {
    private static final int ALWAYS = Integer.MAX_VALUE;

    private final DiskStore disk;
    private final long size;
    private final AtomicInteger readFailures = new AtomicInteger();
    private final AtomicInteger writeFailures = new AtomicInteger();
    private final AtomicLong readPages = new AtomicLong();
    private final AtomicLong writtenPages = new AtomicLong();
    private volatile boolean crashed;
    private volatile Runnable pause = () -> {};

    private FaultyDisk(DiskStore disk, long size) {
        this.disk = disk;
        this.size = size;
    }

    /// Opens a file of the host for reading and writing.
    ///
    /// @throws IOException if the host refuses
    public static FaultyDisk open(Path path) throws IOException {
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        return new FaultyDisk(new DiskStore(channel), channel.size());
    }

    /// Bytes in the file when it was opened.
    public long size() {
        return size;
    }

    /// That many pages from now on can not be read.
    public void failReads(int count) {
        readFailures.set(count);
    }

    /// That many pages from now on can not be written.
    public void failWrites(int count) {
        writeFailures.set(count);
    }

    /// No page can be written until this is called with 0 as [#failWrites(int)].
    public void failAllWrites() {
        failWrites(ALWAYS);
    }

    /// Does something before each page that is read or written, such as waiting.
    public void beforeEach(Runnable newPause) {
        pause = newPause;
    }

    /// From now on nothing reaches the disk and nothing comes from it, as if the machine had
    /// stopped here.
    public void crash() {
        crashed = true;
    }

    /// Pages that were read.
    public long readPageCount() {
        return readPages.get();
    }

    /// Pages that were written.
    public long writtenPageCount() {
        return writtenPages.get();
    }

    @Override
    public boolean isShmem() {
        return false;
    }

    private void check(AtomicInteger failures, String what) throws IOException {
        requireRunning();
        pause.run();
        if (failures.get() == ALWAYS || failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new IOException("the disk was told to fail: " + what);
        }
    }

    private void requireRunning() throws IOException {
        if (crashed) {
            throw new IOException("the disk is gone");
        }
    }

    @Override
    public void readPage(long index, MemorySegment page) throws IOException {
        check(readFailures, "read of page " + index);
        disk.readPage(index, page);
        readPages.incrementAndGet();
    }

    @Override
    public void writePage(long index, MemorySegment bytes) throws IOException {
        check(writeFailures, "write of page " + index);
        disk.writePage(index, bytes);
        writtenPages.incrementAndGet();
    }

    @Override
    public void setSize(long newSize) throws IOException {
        requireRunning();
        disk.setSize(newSize);
    }

    @Override
    public void punchHole(long start, long end) throws IOException {
        requireRunning();
        disk.punchHole(start, end);
    }

    @Override
    public void flush() throws IOException {
        requireRunning();
        disk.flush();
    }

    @Override
    public void close() throws IOException {
        disk.close();
    }
}
