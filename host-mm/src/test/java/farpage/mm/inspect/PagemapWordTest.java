package farpage.mm.inspect;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.VmFlags;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.reclaim.ReclaimAdvice;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.zonedevice.CpuMapping;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// The 64-bit words of `/proc/PID/pagemap`, each of them whole: bits 55 to 63 by their numbers, and
/// what is below.
final class PagemapWordTest {
    private static final long SOFT_DIRTY = 1L << 55;
    private static final long EXCLUSIVE = 1L << 56;
    private static final long UFFD_WP = 1L << 57;
    private static final long GUARD = 1L << 58;
    private static final long FILE = 1L << 61;
    private static final long SWAPPED = 1L << 62;
    private static final long PRESENT = 1L << 63;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(4);

    /// From here on only what is stored to is soft-dirty.
    @BeforeEach
    void clearSoftDirty() {
        assertEquals(Errno.OK, process.mm().clearRefs(4));
    }

    private long word(TestProcess owner, long at, boolean showsFrames) {
        long[] words = new long[1];
        assertEquals(Errno.OK, PagemapDump.read(owner.mm(), at, words, showsFrames));
        return words[0];
    }

    /// Compares a page's word, with frames and without.
    private void assertWord(long bits, long frame, long at) {
        assertEquals(hex(bits | frame), hex(word(process, at, true)));
        assertEquals(hex(bits), hex(word(process, at, false)), "without CAP_SYS_ADMIN");
    }

    private static String hex(long word) {
        return String.format("%016x", word);
    }

    private static long swap(int type, long offset) {
        return offset << 5 | type;
    }

    private void assertWordOf(long bits, long frame, long entry) {
        long word = process.withVma(address, vma -> PagemapWord.of(vma, entry, true));
        assertEquals(hex(bits | frame), hex(word));
    }

    @Test
    @Tag("T-3.12")
    void holeIsZero() {
        assertWord(0, 0, address);
        assertWord(0, 0, page(address, 4));
    }

    @Test
    @Tag("T-3.12")
    void presentPageHasBits55And56And63() {
        process.store(address, 1);
        assertWord(PRESENT | EXCLUSIVE | SOFT_DIRTY, process.pageAt(address), address);
        assertEquals(Errno.OK, process.mm().clearRefs(4));
        assertWord(PRESENT | EXCLUSIVE, process.pageAt(address), address);
    }

    @Test
    void pageOfTwoProcessesIsNotMappedExclusively() {
        process.store(address, 1);
        TestProcess child = process.fork();
        assertWord(PRESENT | SOFT_DIRTY, process.pageAt(address), address);
        child.store(address, 2);
        assertWord(PRESENT | EXCLUSIVE | SOFT_DIRTY, process.pageAt(address), address);
    }

    @Test
    void zeroPageIsPresentAndNoOnes() {
        process.load(address);
        assertWord(PRESENT, machine.machine().zeroPage(), address);
    }

    @Test
    void mergedPageIsPresentAndMappedTwice() {
        process.store(address, 1);
        process.store(page(address, 1), 1);
        assertEquals(Errno.OK, process.mm().madvise(address, 8192, Advice.MERGEABLE));
        machine.machine().ksm().scanFullPasses(3);
        // The first of the two was replaced, and its new entry is not soft-dirty.
        assertWord(PRESENT, process.pageAt(address), address);
        assertWord(PRESENT | SOFT_DIRTY, process.pageAt(address), page(address, 1));
    }

    @Test
    @Tag("T-3.12")
    void pageOnADeviceHasBit62AndItsSwapType() {
        process.storeRow(address, 2, 1);
        device.pull(process, address, 2);
        long devicePfn = Page.devicePfn(process.pageAt(address));
        assertWord(SWAPPED | SOFT_DIRTY, swap(28, devicePfn), address);
        process.protect(address, 1, VmFlags.READ);
        // Taking the right to write takes the bit too.
        assertWord(SWAPPED, swap(29, devicePfn), address);
    }

    @Test
    @Tag("T-3.12")
    void pageForADeviceAloneHasBit62AndItsSwapType() {
        process.store(address, 1);
        process.mm().lockRead();
        try {
            var taken =
                    assertInstanceOf(
                            DeviceExclusive.Answer.Taken.class,
                            DeviceExclusive.make(process.mm(), address, null));
            DeviceExclusive.release(machine.machine(), taken.page());
        } finally {
            process.mm().unlockRead();
        }
        assertWord(SWAPPED | SOFT_DIRTY, swap(30, process.pageAt(address)), address);
        process.load(address);
        assertWord(PRESENT | EXCLUSIVE | SOFT_DIRTY, process.pageAt(address), address);
    }

    @Test
    @Tag("T-3.12")
    void migrationHasBit62AndOneOfThreeSwapTypes() {
        process.storeRow(address, 3, 1);
        TestProcess child = process.fork();
        process.store(address, 1);
        process.store(page(address, 1), 2);
        process.protect(page(address, 1), 1, VmFlags.READ);
        assertEquals(3, child.load(page(address, 2)), "and this one is both's");
        assertWordDuringMigration(27, address);
        assertWordDuringMigration(26, page(address, 1));
        assertWordDuringMigration(25, page(address, 2));
    }

    private void assertWordDuringMigration(int swapType, long at) {
        long pfn = process.pageAt(at);
        process.withVma(
                at,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, at, 1);
                    long word = PagemapWord.of(vma, process.entry(at), true);
                    assertEquals(hex(SWAPPED | SOFT_DIRTY | swap(swapType, pfn)), hex(word));
                    return TestDevice.complete(migrate);
                });
    }

    @Test
    void fileIsBit61() {
        long shared = process.mapShared(2);
        assertEquals(Errno.OK, process.mm().clearRefs(4));
        process.store(shared, 1);
        assertWord(PRESENT | FILE | EXCLUSIVE | SOFT_DIRTY, process.pageAt(shared), shared);
        assertWord(0, 0, page(shared, 1));
    }

    @Test
    void swappedOutPageHasBit62AndItsSlot() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(16)));
        process.storeRow(address, 2, 1);
        process.withVma(address, vma -> new ReclaimAdvice(vma).pageOut(address, page(address, 2)));
        long entry = process.entry(page(address, 1));
        assertWord(
                SWAPPED | SOFT_DIRTY, swap(0, PageTableEntry.swapOffset(entry)), page(address, 1));
    }

    @Test
    void marksAndPoisonAreToldByTheirBits() {
        int guard = PageTableEntry.MARK_GUARD;
        int writeProtect = PageTableEntry.MARK_UFFD_WP;
        assertWordOf(SWAPPED | GUARD, swap(31, guard), PageTableEntry.ofMarker(guard));
        assertWordOf(
                SWAPPED | UFFD_WP, swap(31, writeProtect), PageTableEntry.ofMarker(writeProtect));
        process.load(address);
        long zero = process.entry(address);
        assertWordOf(
                PRESENT | UFFD_WP, machine.machine().zeroPage(), PageTableEntry.withUffdWp(zero));
        long page = machine.machine().zeroPage();
        assertWordOf(SWAPPED | FILE, swap(24, page), PageTableEntry.ofHwPoison(page));
    }

    @Test
    @Tag("T-3.12")
    void coherentPageIsPresent() {
        process.store(address, 1);
        MemorySegment memory = Arena.ofAuto().allocate(4096, 4096);
        Object owner = new Object();
        long first = Page.ofDevicePfn(Page.COHERENT_DEVICE_PFN_MIN);
        PagemapRequest request =
                PagemapRequest.deviceCoherent(
                        first, 1, (_, _) -> {}, owner, new CpuMapping.InPlace(memory));
        DevicePagemap pagemap =
                assertInstanceOf(
                                PagemapRegistration.Registered.class,
                                machine.machine().memremapPages(request))
                        .pagemap();
        process.withVma(
                address,
                vma -> {
                    var migrate = new MigrateVma(1, MigrateSelect.SYSTEM, owner, Page.NONE);
                    TestDevice.setup(migrate, vma, address, 1);
                    long from = MigratePfn.page(migrate.src(0));
                    pagemap.initFolio(first, 0);
                    memory.copyFrom(machine.machine().ram().bytes(from));
                    migrate.setDst(0, MigratePfn.ofPage(first));
                    return TestDevice.complete(migrate);
                });
        assertWord(PRESENT | EXCLUSIVE | SOFT_DIRTY, Page.COHERENT_DEVICE_PFN_MIN, address);
        process.unmap(address, 1);
        machine.machine().memunmapPages(pagemap);
    }
}
