package farpage.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/// Standard input, whose reader can be woken: closing it ends a read that waits for a pipe or a
/// terminal with a `ClosedChannelException`, which closing a `FileInputStream` does not.
final class StandardInput extends InputStream {
    private final FileInputStream stream;
    private final FileChannel channel;

    /// Takes the descriptor of the process.
    StandardInput() {
        this(new FileInputStream(FileDescriptor.in));
    }

    /// @param stream what to read, which is closed with this
    StandardInput(FileInputStream stream) {
        this.stream = stream;
        this.channel = stream.getChannel();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return length == 0 ? 0 : channel.read(ByteBuffer.wrap(target, offset, length));
    }

    /// A channel cannot tell this of a pipe; the reader of compressed data asks it.
    @Override
    public int available() throws IOException {
        return stream.available();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
