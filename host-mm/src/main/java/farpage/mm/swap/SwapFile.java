package farpage.mm.swap;

import farpage.mm.PageSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/// A swap area in a file of the host. The file is emptied when it is taken into use, grows as slots
/// are written, and is deleted at the end.
///
/// The JDK closes a channel when a thread that uses it is interrupted. Other processes' pages must
/// not be lost by that, so the file is opened again and the transfer repeated; the thread stays
/// interrupted.
///
/// @kernel mm/page_io.c: swap_writepage_fs, swap_read_folio_fs
public final class SwapFile implements SwapStorage {
    private static final int REOPEN_LIMIT = 1000;

    private final Path file;
    private final int slotCount;
    private final AtomicReference<FileChannel> channel;
    private volatile boolean closed;

    /// One transfer of a page at a place of the file.
    @FunctionalInterface
    private interface Transfer {
        void run(FileChannel channel) throws IOException;
    }

    /// @param size bytes, rounded down to pages
    /// @throws IOException if the file can not be written
    public SwapFile(Path file, long size) throws IOException {
        long slots = PageSize.pageNumber(size);
        if (slots < 2 || slots > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "swap: value=" + size + " bytes, limit=8192 to 2^43, one page is the header");
        }
        this.file = file;
        this.slotCount = (int) slots;
        this.channel =
                new AtomicReference<>(
                        FileChannel.open(
                                file,
                                StandardOpenOption.CREATE,
                                StandardOpenOption.TRUNCATE_EXISTING,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE));
    }

    public Path file() {
        return file;
    }

    @Override
    public int slotCount() {
        return slotCount;
    }

    @Override
    public void write(int slot, MemorySegment page) throws IOException {
        transfer(open -> {
            ByteBuffer bytes = page.asByteBuffer();
            for (long at = PageSize.pageAddress(slot); bytes.hasRemaining(); ) {
                at += open.write(bytes, at);
            }
        });
    }

    @Override
    public void read(int slot, MemorySegment page) throws IOException {
        transfer(open -> {
            ByteBuffer bytes = page.asByteBuffer();
            for (long at = PageSize.pageAddress(slot); bytes.hasRemaining(); ) {
                int count = open.read(bytes, at);
                if (count < 0) {
                    throw new IOException(file + ": the swap file was cut short");
                }
                at += count;
            }
        });
    }

    private void transfer(Transfer transfer) throws IOException {
        boolean interrupted = false;
        try {
            for (int attempt = 0; attempt < REOPEN_LIMIT; attempt++) {
                try {
                    transfer.run(openChannel());
                    return;
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted(); // set again when the page is safe
                } catch (ClosedChannelException e) {
                    if (closed) {
                        throw e;
                    }
                    // Another thread was interrupted in the middle of its transfer.
                }
            }
            throw new IOException(file + ": interrupted " + REOPEN_LIMIT + " times");
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Of several threads that find the channel closed, one opens the next.
    private FileChannel openChannel() throws IOException {
        FileChannel current = currentChannel();
        if (current.isOpen() || closed) {
            return current;
        }
        FileChannel fresh =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (channel.compareAndSet(current, fresh)) {
            return fresh;
        }
        fresh.close();
        return currentChannel();
    }

    private FileChannel currentChannel() {
        return Objects.requireNonNull(channel.get());
    }

    @Override
    public void close() {
        closed = true;
        try {
            currentChannel().close();
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("swap file " + file, e);
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
