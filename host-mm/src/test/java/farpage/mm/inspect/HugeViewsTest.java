package farpage.mm.inspect;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.hugememory.HugePages;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What can be seen of memory in large folios, by huge mappings and by entries.
final class HugeViewsTest {
    private static final long BASE = 1L << 36;
    private static final long END = BASE + PageSize.PMD_SIZE;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(4096);
    private final TestProcess process = machine.newProcess();
    private final long address = process.mapAt(BASE, PAGES);

    HugeViewsTest() {
        assertEquals(Errno.OK, process.mm().madvise(address, PageSize.PMD_SIZE, Advice.HUGEPAGE));
    }

    /// The lines of the first VMA in `smaps` whose sizes are not zero, without those that are the
    /// same everywhere.
    private static String smaps(TestProcess owner) {
        return SmapsDump.text(owner.mm())
                .lines()
                .skip(4)
                .takeWhile(line -> !line.startsWith("VmFlags"))
                .map(line -> line.replaceAll(":? +", " ").split(" "))
                .filter(words -> !words[1].equals("0"))
                .map(words -> words[0] + "=" + words[1])
                .collect(Collectors.joining(" "));
    }

    private static long[] words(TestProcess owner) {
        long[] words = new long[PAGES];
        assertEquals(Errno.OK, PagemapDump.read(owner.mm(), BASE, words, true));
        return words;
    }

    private long flags(int page) {
        return KpageFlags.flags(machine.machine(), process.pageAt(page(address, page)));
    }

    private long count(int page) {
        return KpageFlags.count(machine.machine(), process.pageAt(page(address, page)));
    }

    private static List<PagemapScan.Region> scan(Mm mm) {
        int all = PagemapScan.HUGE | PagemapScan.PRESENT | PagemapScan.PFNZERO | PagemapScan.FILE;
        return PagemapScan.scan(mm, BASE, END, new PagemapScan.Query(0, 0, 0, all));
    }

    private String thp(String file) {
        String name = "hugepages-2048kB/" + file + " ";
        return HugePagesDump.text(machine.machine())
                .lines()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .orElseThrow()
                .substring(name.length());
    }

    @Test
    void hugeMappingCountsAsAnonHugePages() {
        process.store(address, 1);
        assertEquals(
                "Rss=2048 Pss=2048 Pss_Dirty=2048 Private_Dirty=2048 Referenced=2048"
                        + " Anonymous=2048 AnonHugePages=2048 THPeligible=1",
                smaps(process));
        String text = VmStatDump.text(machine.machine());
        assertTrue(text.contains("nr_anon_transparent_hugepages 1\n"), text);
        assertTrue(text.contains("nr_anon_pages 512\n"), text);
        assertTrue(text.contains("thp_fault_alloc 1\n"), text);
    }

    @Test
    void everyPageOfAHugeMappingHasItsFrameInPagemap() {
        process.store(address, 1);
        long[] words = words(process);
        for (int page = 0; page < PAGES; page++) {
            long alike = PagemapWord.PRESENT | PagemapWord.EXCLUSIVE | PagemapWord.SOFT_DIRTY;
            assertEquals(alike | PagemapWord.pfn(words[0]) + page, words[page]);
        }
        assertEquals(
                List.of(new PagemapScan.Region(BASE, END, PagemapScan.HUGE | PagemapScan.PRESENT)),
                scan(process.mm()));
    }

    @Test
    void largeFolioHasAHeadAndTailsHoweverItIsMapped() {
        process.store(address, 1);
        long common = KpageFlags.THP | KpageFlags.ANON | KpageFlags.MMAP;
        long shown = common | KpageFlags.COMPOUND_HEAD | KpageFlags.COMPOUND_TAIL;
        for (int time = 0; time < 2; time++) {
            assertEquals(common | KpageFlags.COMPOUND_HEAD, flags(0) & shown);
            assertEquals(common | KpageFlags.COMPOUND_TAIL, flags(511) & shown);
            assertEquals(1, count(5));
            process.protect(page(address, 100), 1, 0);
        }
        assertEquals(0, scan(process.mm()).getFirst().categories() & PagemapScan.HUGE);
    }

    @Test
    void hugeZeroPageIsNoMemoryOfTheProcessAndIsTakenForAFile() {
        assertEquals(0, process.load(address));
        assertEquals("THPeligible=1", smaps(process));
        long[] words = words(process);
        long alike = PagemapWord.PRESENT | PagemapWord.FILE | PagemapWord.SOFT_DIRTY;
        assertEquals(alike | PagemapWord.pfn(words[0]) + 7, words[7]);
        assertEquals(
                KpageFlags.THP | KpageFlags.ZERO_PAGE,
                flags(7) & (KpageFlags.THP | KpageFlags.ZERO_PAGE | KpageFlags.ANON));
        assertEquals(0, count(7));
        int categories = PagemapScan.HUGE | PagemapScan.PRESENT | PagemapScan.PFNZERO;
        assertEquals(List.of(new PagemapScan.Region(BASE, END, categories)), scan(process.mm()));
    }

    @Test
    void pagesThatAnotherProcessCopiedAreSingleMappedBelowTheHugeMapping() {
        process.store(address, 1);
        TestProcess child = process.fork();
        child.store(page(address, 7), 1);
        assertEquals(
                "Rss=2048 Pss=1026 Pss_Dirty=1026 Shared_Dirty=2044 Private_Dirty=4"
                        + " Referenced=2048 Anonymous=2048 AnonHugePages=2048 THPeligible=1",
                smaps(process));
        assertEquals(1, count(7));
        assertEquals(2, count(8));
        // What pagemap says of the first page it says of all.
        assertEquals(0, words(process)[7] & PagemapWord.EXCLUSIVE);
        child.store(address, 1);
        assertEquals(PagemapWord.EXCLUSIVE, words(process)[8] & PagemapWord.EXCLUSIVE);
        // The child has entries, which tell each page of its own.
        assertEquals(PagemapWord.EXCLUSIVE, words(child)[7] & PagemapWord.EXCLUSIVE);
        assertEquals(0, words(child)[8] & PagemapWord.EXCLUSIVE);
        child.mm().exit();
    }

    @Test
    void partOfALargeFolioIsSharedPageByPage() {
        process.store(address, 1);
        process.protect(page(address, 100), 412, 0);
        TestProcess child = process.fork();
        child.unmap(page(address, 50), 50);
        assertEquals(
                "Rss=400 Pss=300 Pss_Dirty=300 Shared_Dirty=200 Private_Dirty=200"
                        + " Referenced=400 Anonymous=400",
                smaps(process));
        child.mm().exit();
    }

    @Test
    void eligibilityAsksForAPlaceAndASizeThatIsInUse() {
        process.unmap(page(address, 511), 1);
        assertEquals("", smaps(process));
        machine.machine().hugePages().setEnabled(4, HugePages.Enabled.MADVISE);
        assertEquals("THPeligible=1", smaps(process));
        assertEquals(
                Errno.OK, process.mm().madvise(address, PageSize.PMD_SIZE / 2, Advice.NOHUGEPAGE));
        assertTrue(SmapsDump.text(process.mm()).contains("THPeligible:           0\n"));
    }

    @Test
    void tableThatIsDepositedCountsAsATable() {
        assertTrue(StatusDump.text(process.mm()).contains("VmPTE:\t       0 kB\n"));
        assertEquals(0, process.load(address));
        assertTrue(StatusDump.text(process.mm()).contains("VmPTE:\t       4 kB\n"));
        process.store(address, 1);
        assertTrue(StatusDump.text(process.mm()).contains("VmPTE:\t       4 kB\n"));
    }

    @Test
    void sizesTellTheirSettingsEventsAndFolios() {
        assertEquals("always inherit [madvise] never", thp("enabled"));
        process.store(address, 1);
        assertEquals("1", thp("stats/anon_fault_alloc"));
        assertEquals("1", thp("stats/nr_anon"));
        assertEquals("0", thp("stats/nr_anon_partially_mapped"));
        String other = "hugepages-64kB/enabled always inherit madvise [never]\n";
        assertTrue(HugePagesDump.text(machine.machine()).contains(other));
    }

    @Test
    void dumpsShowAHugeMappingAndItsFolioAsOne() {
        process.store(address, 1);
        String table = PageTableDump.text(process.mm());
        assertEquals(1, table.lines().count(), table);
        assertTrue(table.startsWith("001000000000-001000200000 PRESENT"), table);
        assertTrue(table.endsWith(" (huge)" + System.lineSeparator()), table);
        String folios = FolioDump.text(machine.machine());
        assertTrue(folios.contains(" order:9 entire_mapcount:1 refcount:1 mapcount:1 "), folios);
    }
}
