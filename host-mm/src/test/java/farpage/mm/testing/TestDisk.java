package farpage.mm.testing;

import farpage.mm.PageSize;
import farpage.mm.file.FaultyDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Files on the host's disk for tests.
public final class TestDisk {
    private TestDisk() {}

    /// A file whose pages are filled with 1, 2 and so on.
    public static FaultyDisk ofNumberedPages(Path path, int pageCount) throws IOException {
        byte[] content = new byte[(int) PageSize.pageAddress(pageCount)];
        for (int i = 0; i < pageCount; i++) {
            int start = (int) PageSize.pageAddress(i);
            Arrays.fill(content, start, start + PageSize.PAGE_SIZE, (byte) (i + 1));
        }
        Files.write(path, content);
        return FaultyDisk.open(path);
    }
}
