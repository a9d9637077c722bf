package farpage.emulator.trace;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/// An input stream whose source is read, and so inflated, by a thread of its own.
///
/// A few chunks circle between the thread, which fills them, and the reader, which empties them;
/// the thread waits when all are full. An exception of the source reaches the reader after the
/// bytes that came before it. Closing ends the thread and closes the source; a thread that is held
/// inside a blocking read of a pipe is left behind as a daemon, since nothing can wake it.
final class ReadAheadInputStream extends InputStream {
    private static final int CHUNK_SIZE = 1 << 18;
    private static final int CHUNK_COUNT = 4;
    private static final long CLOSE_WAIT_MILLIS = 200;

    /// How often a waiting reader looks whether the thread still lives.
    private static final long WAIT_MILLIS = 500;

    private final InputStream source;
    private final BlockingQueue<Chunk> empty = new ArrayBlockingQueue<>(CHUNK_COUNT);
    private final BlockingQueue<Chunk> full = new ArrayBlockingQueue<>(CHUNK_COUNT);
    private final Thread thread;
    private Chunk current = new Chunk();

    /// A piece of the input; the last one has a length below 1, and an exception if that is the
    /// end.
    private static final class Chunk {
        final byte[] bytes = new byte[CHUNK_SIZE];
        int length;
        int position;
        Optional<IOException> failure = Optional.empty();
    }

    ReadAheadInputStream(InputStream source) {
        this.source = source;
        for (int chunk = 1; chunk < CHUNK_COUNT; chunk++) {
            empty.add(new Chunk());
        }
        thread = Thread.ofPlatform().daemon().name("farpage-read-ahead").unstarted(this::fillAll);
        thread.start();
    }

    private void fillAll() {
        try {
            boolean more = true;
            while (more) {
                Chunk chunk = empty.take();
                more = fill(chunk);
                full.put(chunk);
            }
        } catch (InterruptedException _) {
            // Closed: nobody waits for the rest.
            Thread.currentThread().interrupt();
        }
    }

    private boolean fill(Chunk chunk) {
        chunk.position = 0;
        try {
            chunk.length = source.read(chunk.bytes);
        } catch (IOException failure) {
            chunk.length = -1;
            chunk.failure = Optional.of(failure);
        }
        return chunk.length >= 0;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        int length = read(one, 0, 1);
        return length < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        while (current.position >= current.length) {
            if (current.length < 0) {
                if (current.failure.isPresent()) {
                    throw current.failure.get();
                }
                return -1;
            }
            advance();
        }
        int copied = Math.min(length, current.length - current.position);
        System.arraycopy(current.bytes, current.position, target, offset, copied);
        current.position += copied;
        return copied;
    }

    private void advance() throws IOException {
        try {
            empty.put(current);
            Chunk next = full.poll(WAIT_MILLIS, TimeUnit.MILLISECONDS);
            while (next == null) {
                if (!thread.isAlive() && full.isEmpty()) {
                    throw new IOException("the thread that reads ahead has ended early");
                }
                next = full.poll(WAIT_MILLIS, TimeUnit.MILLISECONDS);
            }
            current = next;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for input");
        }
    }

    @Override
    public void close() throws IOException {
        thread.interrupt();
        boolean interrupted = false;
        try {
            thread.join(CLOSE_WAIT_MILLIS);
        } catch (InterruptedException _) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!thread.isAlive()) {
            source.close();
        }
    }
}
