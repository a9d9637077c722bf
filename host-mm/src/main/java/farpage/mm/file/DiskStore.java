package farpage.mm.file;

import farpage.mm.PageSize;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/// A file on the host's disk.
///
/// @kernel fs/ext4/inode.c: ext4_aops
final class DiskStore implements BackingStore {
    private final FileChannel channel;

    /// @param channel belongs to the store from now on
    DiskStore(FileChannel channel) {
        this.channel = channel;
    }

    @Override
    public boolean isShmem() {
        return false;
    }

    @Override
    public void readPage(long index, MemorySegment page) throws IOException {
        ByteBuffer buffer = page.asByteBuffer();
        long start = PageSize.pageAddress(index);
        while (buffer.hasRemaining() && channel.read(buffer, start + buffer.position()) >= 0) {
            // goes on until the page is full or the file ends
        }
        page.asSlice(buffer.position()).fill((byte) 0);
    }

    @Override
    public void writePage(long index, MemorySegment bytes) throws IOException {
        write(PageSize.pageAddress(index), bytes.asByteBuffer());
    }

    private void write(long start, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer, start + buffer.position());
        }
    }

    @Override
    public void setSize(long size) throws IOException {
        if (size < channel.size()) {
            channel.truncate(size);
        } else if (size > channel.size()) {
            write(size - 1, ByteBuffer.allocate(1));
        }
    }

    @Override
    public void punchHole(long start, long end) throws IOException {
        long stop = Math.min(end, channel.size());
        for (long at = start; at < stop; at += PageSize.PAGE_SIZE) {
            write(at, ByteBuffer.allocate((int) Math.min(PageSize.PAGE_SIZE, stop - at)));
        }
    }

    @Override
    public void flush() throws IOException {
        channel.force(true);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
