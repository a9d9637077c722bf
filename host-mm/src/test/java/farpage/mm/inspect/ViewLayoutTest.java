package farpage.mm.inspect;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.file.OpenFile;
import farpage.mm.reclaim.ReclaimAdvice;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// The views whole, character for character as the kernel lays them out.
final class ViewLayoutTest {
    private static final long BASE = 1L << 36;

    /// Names of `/proc/vmstat` in the kernel's order, as far as the model has such counters.
    private static final List<String> VMSTAT_ORDER =
            List.of(
                    "nr_free_pages",
                    "nr_inactive_anon",
                    "nr_active_anon",
                    "nr_inactive_file",
                    "nr_active_file",
                    "nr_anon_pages",
                    "nr_mapped",
                    "nr_file_pages",
                    "nr_dirty",
                    "nr_writeback",
                    "nr_shmem",
                    "nr_anon_transparent_hugepages",
                    "nr_swapcached",
                    "pswpin",
                    "pswpout",
                    "allocstall_normal",
                    "pgactivate",
                    "pgdeactivate",
                    "pglazyfree",
                    "pgfault",
                    "pgmajfault",
                    "pglazyfreed",
                    "pgsteal_direct",
                    "pgscan_direct",
                    "pgscan_anon",
                    "pgscan_file",
                    "pgsteal_anon",
                    "pgsteal_file",
                    "pgmigrate_success",
                    "pgmigrate_fail",
                    "thp_migration_success",
                    "thp_migration_fail",
                    "thp_migration_split",
                    "thp_fault_alloc",
                    "thp_fault_fallback",
                    "thp_fault_fallback_charge",
                    "thp_collapse_alloc",
                    "thp_collapse_alloc_failed",
                    "thp_split_page",
                    "thp_split_page_failed",
                    "thp_deferred_split_page",
                    "thp_split_pmd",
                    "thp_zero_page_alloc",
                    "thp_zero_page_alloc_failed",
                    "thp_swpout_fallback",
                    "ksm_swpin_copy",
                    "cow_ksm");

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();

    /// Lines of `smaps` after the first, from their sizes in kB; the last one's flags.
    private static String smaps(String sizes, String flags) {
        StringBuilder text = new StringBuilder();
        for (String size : sizes.split(" ", -1)) {
            int equals = size.indexOf('=');
            String name = size.substring(0, equals) + ":";
            text.append(String.format("%-16s%8s kB\n", name, size.substring(equals + 1)));
        }
        return text + "THPeligible:           0\nVmFlags: " + flags + " \n";
    }

    @Test
    void mapsTellsPrivateSharedAndReadOnlyMappings() {
        try (OpenFile file = machine.machine().files().sharedMemory(8192)) {
            assertEquals(
                    Errno.OK, process.mm().mmapFixed(BASE, 8192, TestProcess.READ_WRITE, file, 0));
            int shared = VmFlags.READ | VmFlags.SHARED;
            assertEquals(Errno.OK, process.mm().mmapFixed(1L << 16, 4096, shared, file, 4096));
            process.mapAt(BASE + (1 << 20), 1);
            process.protect(BASE + (1 << 20), 1, 0);
            assertEquals(
                    "00010000-00011000 r--s 00001000 00:01 1"
                            + "                                  /dev/zero (deleted)\n"
                            + "1000000000-1000002000 rw-p 00000000 00:01 1"
                            + "                              /dev/zero (deleted)\n"
                            + "1000100000-1000101000 ---p 00000000 00:00 0 \n",
                    MapsDump.text(process.mm()));
        }
    }

    @Test
    @Tag("T-3.12")
    void smapsOfPagesInEveryStateIsTheKernels() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(16)));
        long address = process.mapAt(BASE, 8);
        process.storeRow(address, 6, 1);
        device.pull(process, address, 1);
        exclusive(page(address, 1));
        process.withVma(
                address, vma -> new ReclaimAdvice(vma).pageOut(page(address, 2), page(address, 3)));
        TestProcess child = process.fork();
        child.store(page(address, 3), 1);
        child.store(page(address, 4), 1);
        process.load(page(address, 6));
        // On a device, shared: 0. Given back by fork, shared: 1. In swap, of two: 2. Its own: 3
        // and 4. Shared: 5. The zero page: 6. Nothing: 7.
        assertEquals(
                "1000000000-1000008000 rw-p 00000000 00:00 0 \n"
                        + smaps(
                                "Size=32 KernelPageSize=4 MMUPageSize=4 Rss=20 Pss=14"
                                        + " Pss_Dirty=14 Shared_Clean=0 Shared_Dirty=12"
                                        + " Private_Clean=0 Private_Dirty=8 Referenced=16"
                                        + " Anonymous=20 KSM=0 LazyFree=0 AnonHugePages=0"
                                        + " ShmemPmdMapped=0 FilePmdMapped=0 Shared_Hugetlb=0"
                                        + " Private_Hugetlb=0 Swap=4 SwapPss=2 Locked=0",
                                "rd wr mr mw me ac sd"),
                SmapsDump.text(process.mm()));
    }

    private void exclusive(long at) {
        process.mm().lockRead();
        try {
            if (DeviceExclusive.make(process.mm(), at, null)
                    instanceof DeviceExclusive.Answer.Taken(long page)) {
                DeviceExclusive.release(machine.machine(), page);
            }
        } finally {
            process.mm().unlockRead();
        }
    }

    @Test
    @Tag("T-3.12")
    void smapsOfAPageForADeviceAloneCountsItAsShared() {
        long address = process.mapAt(BASE, 1);
        process.store(address, 1);
        exclusive(address);
        assertEquals(
                "1000000000-1000001000 rw-p 00000000 00:00 0 \n"
                        + smaps(
                                "Size=4 KernelPageSize=4 MMUPageSize=4 Rss=4 Pss=4 Pss_Dirty=4"
                                        + " Shared_Clean=0 Shared_Dirty=4 Private_Clean=0"
                                        + " Private_Dirty=0 Referenced=4 Anonymous=4 KSM=0"
                                        + " LazyFree=0 AnonHugePages=0 ShmemPmdMapped=0"
                                        + " FilePmdMapped=0 Shared_Hugetlb=0 Private_Hugetlb=0"
                                        + " Swap=0 SwapPss=0 Locked=0",
                                "rd wr mr mw me ac sd"),
                SmapsDump.text(process.mm()));
    }

    @Test
    void smapsOfMergedAndLockedPagesIsTheKernels() {
        long address = process.mapAt(BASE, 3);
        process.store(address, 1);
        process.store(page(address, 1), 1);
        assertEquals(Errno.OK, process.mm().madvise(address, 3 * 4096, Advice.MERGEABLE));
        machine.machine().ksm().scanFullPasses(3);
        assertEquals(Errno.OK, process.mm().mlock(address, 3 * 4096));
        // Locking reads what is not there; private memory that may be written is stored to.
        assertEquals(
                "1000000000-1000003000 rw-p 00000000 00:00 0 \n"
                        + smaps(
                                "Size=12 KernelPageSize=4 MMUPageSize=4 Rss=12 Pss=12"
                                        + " Pss_Dirty=12 Shared_Clean=0 Shared_Dirty=0"
                                        + " Private_Clean=0 Private_Dirty=12 Referenced=12"
                                        + " Anonymous=12 KSM=0 LazyFree=0 AnonHugePages=0"
                                        + " ShmemPmdMapped=0 FilePmdMapped=0 Shared_Hugetlb=0"
                                        + " Private_Hugetlb=0 Swap=0 SwapPss=0 Locked=12",
                                "rd wr mr mw me lo ac sd mg"),
                SmapsDump.text(process.mm()));
    }

    @Test
    void vmstatHasTheKernelsNamesInItsOrder() {
        List<String> names =
                VmStatDump.text(machine.machine())
                        .lines()
                        .map(line -> line.substring(0, line.indexOf(' ')))
                        .toList();
        assertEquals(VMSTAT_ORDER, names);
        List<String> events =
                Arrays.stream(VmStat.Event.values())
                        .map(event -> event.name().toLowerCase(Locale.ROOT))
                        .toList();
        assertTrue(names.containsAll(events));
    }

    @Test
    void vmstatCountsListsFilesAndSharedMemory() {
        long address = process.mapAt(BASE, 4);
        process.storeRow(address, 4, 1);
        device.pull(process, address, 1);
        process.store(process.mapShared(2), 1);
        String text = VmStatDump.text(machine.machine());
        for (String line :
                List.of(
                        "nr_inactive_anon 4",
                        "nr_anon_pages 4",
                        "nr_mapped 1",
                        "nr_file_pages 1",
                        "nr_shmem 1",
                        "pgmigrate_success 1")) {
            assertTrue(("\n" + text).contains("\n" + line + "\n"), line + " in\n" + text);
        }
    }
}
