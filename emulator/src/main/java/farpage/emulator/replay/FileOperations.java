package farpage.emulator.replay;

import farpage.emulator.trace.Fnv1a64;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.PatternGenerator;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.file.OpenFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/// The operations of a trace that are calls for a file.
///
/// @kernel read(2), write(2), ftruncate(2), fallocate(2), fsync(2)
final class FileOperations {
    private final PageBuffer buffer;
    private final ContentHash contentHash;

    FileOperations(PageBuffer buffer, ContentHash contentHash) {
        this.buffer = buffer;
        this.contentHash = contentHash;
    }

    String execute(ReplayProcess process, KernelOperation.OnFile operation) {
        ReplayFiles.Opened opened = process.files().lookup(operation.region());
        if (opened == null) {
            return Errno.EBADF.describe();
        }
        OpenFile file = opened.file();
        return switch (operation) {
            case KernelOperation.FileRead read -> read(file, read);
            case KernelOperation.FileWrite write -> write(file, write);
            case KernelOperation.FileTruncate truncate -> result(file.truncate(truncate.size()));
            case KernelOperation.FilePunch punch ->
                    result(file.punchHole(punch.offset(), punch.length()));
            case KernelOperation.FileSync _ -> sync(opened);
        };
    }

    private static String result(Errno errno) {
        return errno.isOk() ? "ok" : errno.describe();
    }

    private static String error(long negative) {
        for (Errno errno : Errno.values()) {
            if (errno.number() == -negative) {
                return errno.describe();
            }
        }
        throw new AssertionError(negative);
    }

    /// What lies beyond the end is told as zeros.
    private String read(OpenFile file, KernelOperation.FileRead read) {
        MemorySegment page = buffer.pages(1);
        page.fill((byte) 0);
        long bytes = file.read(page, PageSize.pageAddress(read.filePage()));
        return bytes < 0 ? error(bytes) : "n=" + bytes + " " + contentHash.of(page);
    }

    private String write(OpenFile file, KernelOperation.FileWrite write) {
        MemorySegment page = buffer.pages(1);
        new PatternGenerator(write.seed()).fill(page, 0, PageSize.PAGE_SIZE);
        long bytes = file.write(page, PageSize.pageAddress(write.filePage()));
        return bytes < 0 ? error(bytes) : "n=" + bytes;
    }

    /// Of a file on disk also what is there now, filled up to whole pages with zeros.
    private String sync(ReplayFiles.Opened opened) {
        Errno errno = opened.file().fsync();
        Path path = opened.path();
        if (!errno.isOk() || path == null) {
            return result(errno);
        }
        byte[] content;
        try {
            content = Files.readAllBytes(path);
        } catch (IOException failure) {
            throw new UncheckedIOException(path.toString(), failure);
        }
        long hash = Fnv1a64.START;
        MemorySegment page = buffer.pages(1);
        for (int at = 0; at < content.length; at += PageSize.PAGE_SIZE) {
            page.fill((byte) 0);
            int length = Math.min(PageSize.PAGE_SIZE, content.length - at);
            MemorySegment.copy(MemorySegment.ofArray(content), at, page, 0, length);
            hash = contentHash.update(hash, page, 0, PageSize.PAGE_SIZE);
        }
        return "ok n=" + content.length + " h=" + Fnv1a64.format(hash);
    }
}
