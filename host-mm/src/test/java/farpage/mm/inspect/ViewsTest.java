package farpage.mm.inspect;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.file.OpenFile;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What a process, and who looks at it, can see of its memory.
final class ViewsTest {
    private static final long BASE = 1L << 36;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.mapAt(BASE, 4);

    private long word(TestProcess owner, long at) {
        long[] words = new long[1];
        assertEquals(Errno.OK, PagemapDump.read(owner.mm(), at, words, true));
        return words[0];
    }

    private long word(long at) {
        return word(process, at);
    }

    /// The kB of a line of `smaps`.
    private static int kilobytes(Mm mm, String name) {
        String line =
                SmapsDump.text(mm)
                        .lines()
                        .filter(text -> text.startsWith(name + ":"))
                        .findFirst()
                        .orElseThrow();
        return Integer.parseInt(line.substring(16, 24).strip());
    }

    private int smaps(String name) {
        return kilobytes(process.mm(), name);
    }

    @Test
    void mapsHasTheKernelsLayout() {
        try (OpenFile file = machine.machine().files().sharedMemory(8192)) {
            int shared = TestProcess.READ_WRITE | VmFlags.SHARED;
            assertEquals(
                    Errno.OK, process.mm().mmapFixed(BASE + (1 << 20), 4096, shared, file, 4096));
            assertEquals(
                    "1000000000-1000004000 rw-p 00000000 00:00 0 \n"
                            + "1000100000-1000101000 rw-s 00001000 00:01 1"
                            + "                              /dev/zero (deleted)\n",
                    MapsDump.text(process.mm()));
        }
    }

    @Test
    void smapsHasTheKernelsFieldsInTheirOrder() {
        List<String> names =
                SmapsDump.text(process.mm())
                        .lines()
                        .skip(1)
                        .map(line -> line.substring(0, line.indexOf(':')))
                        .toList();
        assertEquals(
                Arrays.asList(
                        ("Size KernelPageSize MMUPageSize Rss Pss Pss_Dirty Shared_Clean"
                                        + " Shared_Dirty Private_Clean Private_Dirty Referenced"
                                        + " Anonymous KSM LazyFree AnonHugePages ShmemPmdMapped"
                                        + " FilePmdMapped Shared_Hugetlb Private_Hugetlb Swap"
                                        + " SwapPss Locked THPeligible VmFlags")
                                .split(" ")),
                names);
        assertTrue(SmapsDump.text(process.mm()).contains("\nSize:                 16 kB\n"));
        assertTrue(SmapsDump.text(process.mm()).contains("\nTHPeligible:           0\n"));
    }

    @Test
    @Tag("T-3.12")
    void pageOnADeviceCountsInSmapsAsIfItWereHere() {
        device.pull(process, address, 2);
        process.store(page(address, 2), 1);
        assertEquals(12, smaps("Rss"));
        assertEquals(12, smaps("Pss"));
        assertEquals(12, smaps("Anonymous"));
        assertEquals(0, smaps("Swap"));
        assertEquals(8, smaps("Private_Clean"), "nothing was ever stored there");
        assertEquals(4, smaps("Private_Dirty"));
        assertEquals(4, smaps("Referenced"), "its entry is never young");
        assertTrue(StatusDump.text(process.mm()).contains("\nRssAnon:\t      12 kB\n"));
    }

    @Test
    @Tag("T-3.12")
    void whatIsKnownOfStoresToAPageTravelsWithItsFolio() {
        process.store(address, 1);
        device.pull(process, address, 1);
        assertEquals(4, smaps("Private_Dirty"));
        assertEquals(4, smaps("Pss_Dirty"));
    }

    @Test
    @Tag("T-3.12")
    void sharedPagesAreDividedAmongTheirUsers() {
        process.storeRow(address, 2, 1);
        device.pull(process, address, 1);
        TestProcess child = process.fork();
        assertEquals(8, smaps("Rss"));
        assertEquals(4, smaps("Pss"));
        assertEquals(8, smaps("Shared_Dirty"));
        assertEquals(0, smaps("Private_Dirty"));
        assertEquals(4, kilobytes(child.mm(), "Pss"));
    }

    @Test
    @Tag("T-3.12")
    void pageInMigrationCountsInFullAndAsShared() {
        process.store(address, 1);
        StringBuilder text = new StringBuilder();
        long during =
                process.withVma(
                        address,
                        vma -> {
                            MigrateVma migrate =
                                    TestDevice.setup(device.toDevice(1), vma, address, 1);
                            long word = PagemapWord.of(vma, process.entry(address), true);
                            SmapsCounts.of(vma).appendTo(text);
                            TestDevice.complete(migrate);
                            return word;
                        });
        assertTrue(PagemapWord.isSwapped(during));
        assertEquals(PageTableEntry.TYPE_MIGRATION_WRITE, PagemapWord.swapType(during));
        assertTrue(text.toString().contains("Rss:                   4 kB"), text.toString());
        assertTrue(text.toString().contains("Shared_Dirty:          4 kB"), text.toString());
    }

    private long wordOf(long entry) {
        return process.withVma(address, vma -> PagemapWord.of(vma, entry, true));
    }

    @Test
    void mergedAndLockedPagesHaveLinesOfTheirOwn() {
        process.store(address, 1);
        process.store(page(address, 1), 1);
        assertEquals(Errno.OK, process.mm().madvise(address, 4L * 4096, Advice.MERGEABLE));
        machine.machine().ksm().scanFullPasses(3);
        assertEquals(8, smaps("KSM"));
        assertEquals(4, smaps("Pss"));
        assertTrue(SmapsDump.text(process.mm()).contains(" mg"));
        assertEquals(0, smaps("Locked"));
    }

    @Test
    @Tag("T-3.12")
    void pagemapTellsAPageOnADeviceBySwapTypeAndNumber() {
        process.store(address, 1);
        long present = word(address);
        assertEquals(
                PagemapWord.PRESENT
                        | PagemapWord.EXCLUSIVE
                        | PagemapWord.SOFT_DIRTY
                        | process.pageAt(address),
                present);
        device.pull(process, address, 1);
        long away = word(address);
        assertEquals(
                PagemapWord.SWAPPED
                        | PagemapWord.SOFT_DIRTY
                        | Page.devicePfn(process.pageAt(address)) << 5
                        | PageTableEntry.TYPE_DEVICE_WRITE,
                away);
        TestProcess child = process.fork();
        assertEquals(PageTableEntry.TYPE_DEVICE_READ, PagemapWord.swapType(word(address)));
        assertEquals(PagemapWord.SOFT_DIRTY, word(child, page(address, 3)));
    }

    @Test
    void framesAreHiddenFromThoseWithoutTheRight() {
        process.store(address, 1);
        device.pull(process, address, 1);
        long[] words = new long[1];
        assertEquals(Errno.OK, PagemapDump.read(process.mm(), address, words, false));
        assertEquals(PagemapWord.SWAPPED | PagemapWord.SOFT_DIRTY, words[0]);
        assertEquals(Errno.EINVAL, PagemapDump.read(process.mm(), address + 1, words, true));
    }

    @Test
    void sharedMemoryIsOfAFileAndSharedPagesAreNotExclusive() {
        int shared = TestProcess.READ_WRITE | VmFlags.SHARED;
        long at = process.mm().mmap(4096, shared);
        process.store(at, 1);
        assertTrue((word(at) & PagemapWord.FILE) != 0);
        assertTrue((word(at) & PagemapWord.EXCLUSIVE) != 0);
        TestProcess child = process.fork();
        child.load(at);
        assertEquals(0, word(at) & PagemapWord.EXCLUSIVE);
        assertTrue((word(child, at) & PagemapWord.FILE) != 0);
    }

    @Test
    void zeroPageIsPresentAndNobodys() {
        process.load(address);
        assertEquals(
                PagemapWord.PRESENT | PagemapWord.SOFT_DIRTY | machine.machine().zeroPage(),
                word(address));
        assertEquals(0, smaps("Rss"));
    }

    @Test
    void guardsAndMarkersShowTheirMarks() {
        long guard = PageTableEntry.ofMarker(PageTableEntry.MARK_GUARD);
        long writeProtected = PageTableEntry.ofMarker(PageTableEntry.MARK_UFFD_WP);
        int categories = process.withVma(address, vma -> PagemapScan.categories(vma, guard));
        long frame = (long) PageTableEntry.TYPE_MARKER;
        assertEquals(
                PagemapWord.SWAPPED
                        | PagemapWord.GUARD
                        | PagemapWord.SOFT_DIRTY
                        | PageTableEntry.MARK_GUARD << 5
                        | frame,
                wordOf(guard));
        assertEquals(
                PagemapWord.SWAPPED
                        | PagemapWord.UFFD_WP
                        | PagemapWord.SOFT_DIRTY
                        | PageTableEntry.MARK_UFFD_WP << 5
                        | frame,
                wordOf(writeProtected));
        assertTrue((categories & PagemapScan.GUARD) != 0);
    }

    @Test
    @Tag("T-3.12")
    void pageForADeviceAloneIsSwapped() {
        process.store(address, 1);
        long exclusive = wordOf(PageTableEntry.ofDeviceExclusive(process.entry(address)));
        assertTrue(PagemapWord.isSwapped(exclusive));
        assertEquals(PageTableEntry.TYPE_DEVICE_EXCLUSIVE, PagemapWord.swapType(exclusive));
        assertEquals(process.pageAt(address), PagemapWord.swapOffset(exclusive));
    }

    @Test
    void pagemapTextJoinsPagesWhoseFramesFollow() {
        process.storeRow(address, 3, 1);
        long pfn = process.pageAt(address);
        assertEquals(
                String.format(
                        "1000000000-1000003000 %016x present pfn %d exclusive soft-dirty (3 pages)\n"
                                + "1000003000-1000004000 0080000000000000 none soft-dirty"
                                + " (1 page)\n",
                        PagemapWord.PRESENT | PagemapWord.EXCLUSIVE | PagemapWord.SOFT_DIRTY | pfn,
                        pfn),
                PagemapDump.text(process.mm()));
    }

    @Test
    @Tag("T-3.12")
    void scanFindsPagesOnADeviceAsSwapped() {
        process.storeRow(address, 3, 1);
        device.pull(process, page(address, 1), 1);
        int told = PagemapScan.PRESENT | PagemapScan.SWAPPED;
        PagemapScan.Query query = new PagemapScan.Query(0, 0, told, told);
        long end = address + 4L * PageSize.PAGE_SIZE;
        assertEquals(
                List.of(
                        new PagemapScan.Region(address, page(address, 1), PagemapScan.PRESENT),
                        new PagemapScan.Region(
                                page(address, 1), page(address, 2), PagemapScan.SWAPPED),
                        new PagemapScan.Region(
                                page(address, 2), page(address, 3), PagemapScan.PRESENT)),
                PagemapScan.scan(process.mm(), address, end, query));
        PagemapScan.Query notPresent =
                new PagemapScan.Query(
                        PagemapScan.PRESENT, PagemapScan.PRESENT, 0, PagemapScan.SOFT_DIRTY);
        assertEquals(2, PagemapScan.scan(process.mm(), address, end, notPresent).size());
    }

    @Test
    @Tag("T-3.12")
    void kpageflagsKnowsNoDevicePages() {
        process.store(address, 1);
        long page = process.pageAt(address);
        long expected = KpageFlags.ANON | KpageFlags.MMAP | KpageFlags.LRU | KpageFlags.SWAPBACKED;
        assertEquals(expected, KpageFlags.flags(machine.machine(), page) & expected);
        assertEquals(1, KpageFlags.count(machine.machine(), page));
        device.pull(process, address, 1);
        assertEquals(0, KpageFlags.flags(machine.machine(), process.pageAt(address)));
        assertEquals(0, KpageFlags.count(machine.machine(), process.pageAt(address)));
        assertEquals(KpageFlags.BUDDY, KpageFlags.flags(machine.machine(), page));
        long zero = KpageFlags.flags(machine.machine(), machine.machine().zeroPage());
        assertTrue((zero & KpageFlags.ZERO_PAGE) != 0);
    }

    @Test
    void vmstatCountsPagesWhereverTheyAre() {
        process.storeRow(address, 2, 1);
        device.pull(process, address, 1);
        String text = VmStatDump.text(machine.machine());
        assertTrue(text.contains("nr_anon_pages 2\n"), text);
        assertTrue(text.contains("\npgfault 2\n"), text);
        assertTrue(text.contains("\npgmigrate_success 1\n"), text);
        for (View view : View.values()) {
            assertTrue(!view.text(machine.machine(), process.mm()).isEmpty(), view.word());
        }
    }
}
