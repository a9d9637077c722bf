package farpage.emulator.trace;

/// One operation of a kernel trace: a system call, an access by the CPU, or a command to a device.
///
/// Regions are named slots of address space, 1 GiB long and aligned to 1 GiB; `startPage` counts
/// pages of 4096 bytes from the start of the slot and `pageCount` is never 0. Every operation knows
/// its line in the file. Numbers are checked when the trace is parsed, so that who executes an
/// operation meets only values that mean something.
///
/// @kernel lib/test_hmm_uapi.h for the device commands; the system calls for the rest
public sealed interface KernelOperation {
    /// Pages in the slot of a region.
    int REGION_PAGES = 1 << 18;

    /// The most regions that one trace may name.
    int REGION_COUNT_MAX = 16;

    /// Swap areas that there can be at a time.
    int SWAP_AREA_COUNT = 24;

    /// Line in the trace file, from 1.
    int line();

    /// The operation's name in the trace, which its result line repeats.
    String word();

    /// An operation on `[startPage, startPage + pageCount)` of a region.
    sealed interface OnPages extends KernelOperation {
        /// Name of the region.
        String region();

        /// First page, from 0.
        int startPage();

        /// Pages, from 1.
        int pageCount();
    }

    /// A call for the file that a process mapped last at the start of a region. The file stays open
    /// until another is mapped there, whatever becomes of the mapping.
    sealed interface OnFile extends KernelOperation {
        /// Name of the region.
        String region();
    }

    /// read: one page of the file.
    record FileRead(int line, String region, int filePage) implements OnFile {
        @Override
        public String word() {
            return "fread";
        }
    }

    /// write: one page of the file, filled from [PatternGenerator].
    record FileWrite(int line, String region, int filePage, long seed) implements OnFile {
        @Override
        public String word() {
            return "fwrite";
        }
    }

    /// ftruncate.
    record FileTruncate(int line, String region, long size) implements OnFile {
        @Override
        public String word() {
            return "ftruncate";
        }
    }

    /// fallocate with a hole to be punched; in bytes.
    record FilePunch(int line, String region, long offset, long length) implements OnFile {
        @Override
        public String word() {
            return "fpunch";
        }
    }

    /// fsync.
    record FileSync(int line, String region) implements OnFile {
        @Override
        public String word() {
            return "fsync";
        }
    }

    /// A command to one of the two devices.
    sealed interface OnDevice extends KernelOperation {
        /// Index of the device, 0 or 1.
        int device();
    }

    /// Maps pages `[0, pageCount)` of the slot anew, read-write, over what was there.
    record MapRegion(int line, String region, int pageCount, RegionKind kind)
            implements KernelOperation {
        @Override
        public String word() {
            return "map";
        }
    }

    /// munmap.
    record Unmap(int line, String region, int startPage, int pageCount) implements OnPages {
        @Override
        public String word() {
            return "unmap";
        }
    }

    /// Fills one page by the CPU, 8 bytes at a time, from [PatternGenerator].
    record WritePage(int line, String region, int startPage, long seed) implements OnPages {
        @Override
        public int pageCount() {
            return 1;
        }

        @Override
        public String word() {
            return "write";
        }
    }

    /// Stores one byte by the CPU.
    record WriteByte(int line, String region, int startPage, int offset, int value)
            implements OnPages {
        @Override
        public int pageCount() {
            return 1;
        }

        @Override
        public String word() {
            return "write1";
        }
    }

    /// Loads a whole page by the CPU.
    record ReadPage(int line, String region, int startPage) implements OnPages {
        @Override
        public int pageCount() {
            return 1;
        }

        @Override
        public String word() {
            return "read";
        }
    }

    /// Loads pages in order by the CPU, and goes on after a page that faults.
    record SumPages(int line, String region, int startPage, int pageCount) implements OnPages {
        @Override
        public String word() {
            return "sum";
        }
    }

    /// mprotect.
    record Protect(
            int line, String region, int startPage, int pageCount, RegionProtection protection)
            implements OnPages {
        @Override
        public String word() {
            return "protect";
        }
    }

    /// mremap to a fixed place, of the same length.
    record Remap(
            int line,
            String region,
            int startPage,
            int pageCount,
            String targetRegion,
            int targetStartPage)
            implements OnPages {
        @Override
        public String word() {
            return "mremap";
        }
    }

    /// mremap as [Remap], but the old place stays mapped, without pages.
    record RemapKeeping(
            int line,
            String region,
            int startPage,
            int pageCount,
            String targetRegion,
            int targetStartPage)
            implements OnPages {
        @Override
        public String word() {
            return "mremap-keep";
        }
    }

    /// madvise.
    record Advise(int line, String region, int startPage, int pageCount, RegionAdvice advice)
            implements OnPages {
        @Override
        public String word() {
            return "madvise";
        }
    }

    /// Lets the same-page merger go over all memory.
    record MergeScan(int line) implements KernelOperation {
        @Override
        public String word() {
            return "ksmscan";
        }
    }

    /// Says where memory is made of folios of one size.
    ///
    /// @param order of the folios, from 2 to 9
    record SetHugePages(int line, int order, HugePageSetting setting) implements KernelOperation {
        @Override
        public String word() {
            return "hugepages";
        }
    }

    /// Takes a swap area in memory into use, of so many pages.
    record SwapOn(int line, int pageCount) implements KernelOperation {
        @Override
        public String word() {
            return "swapon";
        }
    }

    /// Gives a swap area up.
    ///
    /// @param area its number; the first free one was taken
    record SwapOff(int line, int area) implements KernelOperation {
        @Override
        public String word() {
            return "swapoff";
        }
    }

    /// Pins pages, to be written.
    record Pin(int line, String region, int startPage, int pageCount) implements OnPages {
        @Override
        public String word() {
            return "pin";
        }
    }

    /// Lets go of all pages that the process has pinned.
    record Unpin(int line) implements KernelOperation {
        @Override
        public String word() {
            return "unpin";
        }
    }

    /// Looks at what the pinned pages contain, past all page tables.
    record CheckPins(int line) implements KernelOperation {
        @Override
        public String word() {
            return "chkpins";
        }
    }

    /// Clears the soft-dirty bits of the process.
    record ClearSoftDirty(int line) implements KernelOperation {
        @Override
        public String word() {
            return "clearrefs";
        }
    }

    /// Tells the soft-dirty bits of pages.
    record SoftDirty(int line, String region, int startPage, int pageCount) implements OnPages {
        @Override
        public String word() {
            return "softdirty";
        }
    }

    /// Forks: what follows, up to [ForkEnd], is the child's.
    record ForkBegin(int line) implements KernelOperation {
        @Override
        public String word() {
            return "fork-begin";
        }
    }

    /// The child exits and the parent goes on.
    record ForkEnd(int line) implements KernelOperation {
        @Override
        public String word() {
            return "fork-end";
        }
    }

    /// READ: the device copies pages out.
    record DeviceRead(int line, String region, int startPage, int pageCount, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "dread";
        }
    }

    /// WRITE: the device fills pages from one run of [PatternGenerator].
    record DeviceWrite(int line, String region, int startPage, int pageCount, long seed, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "dwrite";
        }
    }

    /// MIGRATE_TO_DEV.
    record MigrateToDevice(int line, String region, int startPage, int pageCount, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "migdev";
        }
    }

    /// MIGRATE_TO_SYS.
    record MigrateToSystem(int line, String region, int startPage, int pageCount, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "migsys";
        }
    }

    /// SNAPSHOT: one byte about each page.
    record Snapshot(int line, String region, int startPage, int pageCount, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "snap";
        }
    }

    /// EXCLUSIVE: takes pages for the device's atomic access alone.
    record Exclusive(int line, String region, int startPage, int pageCount, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "excl";
        }
    }

    /// CHECK_EXCLUSIVE: whether any page is exclusive to the device.
    record CheckExclusive(int line, String region, int startPage, int pageCount, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "chkexcl";
        }
    }

    /// RELEASE: moves all device memory back and frees it.
    record Release(int line, int device) implements OnDevice {
        @Override
        public String word() {
            return "release";
        }
    }

    /// FLAGS: switches for injected failures; the value stands where other commands have a count.
    record SetFlags(int line, long flags, int device) implements OnDevice {
        @Override
        public String word() {
            return "flags";
        }
    }

    /// Has the device join base pages that it has into large folios.
    record Join(int line, String region, int startPage, int pageCount, int device)
            implements OnPages, OnDevice {
        @Override
        public String word() {
            return "join";
        }
    }
}
