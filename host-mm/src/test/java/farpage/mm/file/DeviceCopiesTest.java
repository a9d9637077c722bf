package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What a file knows of the copies that devices have of its pages.
final class DeviceCopiesTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestProcess process = machine.newProcess();
    private final AtomicInteger dropped = new AtomicInteger();

    @BeforeEach
    void filesAreCopied() {
        machine.machine().filesOnDevices().setMode(FileBackedMode.COPY);
    }

    private final class Copy implements DeviceCopy {
        @Override
        public long devicePage() {
            return Page.NONE;
        }

        @Override
        public void drop() {
            dropped.incrementAndGet();
        }
    }

    private OpenFile file() {
        OpenFile file = machine.machine().files().memfd();
        assertEquals(Errno.OK, file.truncate(PageSize.PAGE_SIZE));
        return file;
    }

    private static DeviceCopies copies(OpenFile file) {
        DeviceCopies copies = file.mapping().copies();
        assertNotNull(copies);
        return copies;
    }

    private boolean add(OpenFile file) {
        long page = file.mapping().tryLockCached(0);
        boolean added = copies(file).add(0, page, new Copy());
        machine.machine().folios().unlock(page);
        machine.machine().put(page);
        return added;
    }

    @Test
    @Tag("T-8.11")
    void storeDropsACopyThatWasMadeOfAWritablePage() {
        try (OpenFile file = file()) {
            long address = process.mapFile(file, 0, 1, READ_WRITE | VmFlags.SHARED);
            process.store(address, 1);
            assertTrue(add(file));
            process.store(address, 2);
            assertEquals(1, dropped.get());
        }
    }

    /// Whoever pins a page by an entry that still permits stores may store for as long as he likes.
    @Test
    @Tag("T-8.11")
    void pageThatIsPinnedWhileItsEntriesAreMadeReadOnlyIsNotCopied() {
        try (OpenFile file = file()) {
            long address = process.mapFile(file, 0, 1, READ_WRITE | VmFlags.SHARED);
            process.store(address, 1);
            long[] pages = new long[1];
            MmuIntervalNotifier notifier =
                    process.onInvalidation(
                            address,
                            () -> {
                                process.mm().lockRead();
                                GupResult got =
                                        GetUserPages.pin(
                                                process.mm(), address, 1, GupFlags.WRITE, pages);
                                process.mm().unlockRead();
                                assertEquals(1, got.count());
                            });
            assertFalse(add(file));
            notifier.close();
            assertEquals(List.of(), copies(file).of(0));
            GetUserPages.unpin(machine.machine(), pages, 1, true);
            assertTrue(add(file));
        }
    }
}
