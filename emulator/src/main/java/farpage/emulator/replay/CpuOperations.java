package farpage.emulator.replay;

import farpage.emulator.trace.Fnv1a64;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.PatternGenerator;
import farpage.emulator.trace.RegionAdvice;
import farpage.emulator.trace.RegionKind;
import farpage.emulator.trace.RegionProtection;
import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.MremapFlags;
import farpage.mm.MremapResult;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.inspect.PagemapDump;
import farpage.mm.inspect.PagemapWord;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The operations of a trace that the process itself does: system calls, loads and stores.
///
/// @kernel mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2)
final class CpuOperations {
    /// What is written to the file clear_refs.
    private static final int CLEAR_SOFT_DIRTY = 4;

    private static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;

    private final String trace;
    private final RegionSlots regions;
    private final ReplayFiles files;
    private final PageBuffer buffer;
    private final ContentHash contentHash;

    CpuOperations(
            String trace,
            RegionSlots regions,
            ReplayFiles files,
            PageBuffer buffer,
            ContentHash contentHash) {
        this.files = files;
        this.trace = trace;
        this.regions = regions;
        this.buffer = buffer;
        this.contentHash = contentHash;
    }

    String execute(ReplayProcess process, KernelOperation operation) {
        return switch (operation) {
            case KernelOperation.MapRegion map -> map(process, map);
            case KernelOperation.Unmap unmap ->
                    result(process.mm().munmap(address(unmap), size(unmap)));
            case KernelOperation.Protect protect ->
                    result(
                            process.mm()
                                    .mprotect(
                                            address(protect),
                                            size(protect),
                                            access(protect.protection())));
            case KernelOperation.WritePage write -> writePage(process, write);
            case KernelOperation.WriteByte write -> writeByte(process, write);
            case KernelOperation.ReadPage read -> readPage(process, read);
            case KernelOperation.SumPages sum -> sumPages(process, sum);
            case KernelOperation.Remap remap ->
                    remap(process, remap, remap.targetRegion(), remap.targetStartPage(), 0);
            case KernelOperation.RemapKeeping remap ->
                    remap(
                            process,
                            remap,
                            remap.targetRegion(),
                            remap.targetStartPage(),
                            MremapFlags.DONTUNMAP);
            case KernelOperation.Pin pin -> process.pins().pin(address(pin), pin);
            case KernelOperation.CheckPins _ -> process.pins().check(contentHash);
            case KernelOperation.Unpin _ -> process.pins().unpin();
            case KernelOperation.ClearSoftDirty _ ->
                    result(process.mm().clearRefs(CLEAR_SOFT_DIRTY));
            case KernelOperation.SoftDirty bits -> softDirty(process, bits);
            case KernelOperation.Advise advise ->
                    result(
                            process.mm()
                                    .madvise(
                                            address(advise),
                                            size(advise),
                                            advice(advise.advice())));
            default -> throw notModelled(operation, "it");
        };
    }

    private ReplayException notModelled(KernelOperation operation, String what) {
        return new ReplayException(
                trace, operation, "can not be executed: " + what + " is not modelled yet");
    }

    private long address(KernelOperation.OnPages pages) {
        return regions.address(pages.region(), pages.startPage());
    }

    private static long size(KernelOperation.OnPages pages) {
        return PageSize.pageAddress(pages.pageCount());
    }

    private String map(ReplayProcess process, KernelOperation.MapRegion map) {
        long address = regions.address(map.region(), 0);
        long size = PageSize.pageAddress(map.pageCount());
        return switch (map.kind()) {
            case PRIVATE -> mapMemory(process, map, address, size, READ_WRITE);
            case SHARED_ANON -> mapMemory(process, map, address, size, READ_WRITE | VmFlags.SHARED);
            case MEMFD_SHARED -> mapFile(process, map, address, size, READ_WRITE | VmFlags.SHARED);
            case MEMFD_PRIVATE -> mapFile(process, map, address, size, READ_WRITE);
            case FILE_SHARED -> mapFile(process, map, address, size, READ_WRITE | VmFlags.SHARED);
        };
    }

    private static String mapMemory(
            ReplayProcess process,
            KernelOperation.MapRegion map,
            long address,
            long size,
            int flags) {
        process.files().put(map.region(), null);
        return result(process.mm().mmapFixed(address, size, flags));
    }

    /// The process keeps the file open.
    private String mapFile(
            ReplayProcess process,
            KernelOperation.MapRegion map,
            long address,
            long size,
            int flags) {
        Machine machine = process.mm().machine();
        ReplayFiles.Opened opened =
                map.kind() == RegionKind.FILE_SHARED
                        ? files.onDisk(machine)
                        : ReplayFiles.inMemory(machine);
        process.files().put(map.region(), opened);
        Errno sized = opened.file().truncate(size);
        return result(
                sized.isOk()
                        ? process.mm().mmapFixed(address, size, flags, opened.file(), 0)
                        : sized);
    }

    private String remap(
            ReplayProcess process,
            KernelOperation.OnPages source,
            String targetRegion,
            int targetStartPage,
            int flags) {
        MremapResult moved =
                process.mm()
                        .mremap(
                                address(source),
                                size(source),
                                size(source),
                                MremapFlags.MAYMOVE | MremapFlags.FIXED | flags,
                                regions.address(targetRegion, targetStartPage));
        return result(moved.errno());
    }

    /// The bits as runs, as a snapshot tells its bytes.
    private String softDirty(ReplayProcess process, KernelOperation.SoftDirty bits) {
        long[] words = new long[bits.pageCount()];
        Errno read = PagemapDump.read(process.mm(), address(bits), words, false);
        if (!read.isOk()) {
            return read.describe();
        }
        StringBuilder runs = new StringBuilder();
        int start = 0;
        for (int i = 1; i <= words.length; i++) {
            if (i == words.length || isSoftDirty(words[i]) != isSoftDirty(words[start])) {
                runs.append(runs.isEmpty() ? "" : ",")
                        .append(isSoftDirty(words[start]) ? '1' : '0')
                        .append('*')
                        .append(i - start);
                start = i;
            }
        }
        return runs.toString();
    }

    private static boolean isSoftDirty(long word) {
        return (word & PagemapWord.SOFT_DIRTY) != 0;
    }

    private static Advice advice(RegionAdvice advice) {
        return switch (advice) {
            case DONTNEED -> Advice.DONTNEED;
            case REMOVE -> Advice.REMOVE;
            case HUGEPAGE -> Advice.HUGEPAGE;
            case NOHUGEPAGE -> Advice.NOHUGEPAGE;
            case MERGEABLE -> Advice.MERGEABLE;
            case UNMERGEABLE -> Advice.UNMERGEABLE;
            case POPULATE_READ -> Advice.POPULATE_READ;
            case POPULATE_WRITE -> Advice.POPULATE_WRITE;
            case COLLAPSE -> Advice.COLLAPSE;
            case FREE -> Advice.FREE;
            case DONTFORK -> Advice.DONTFORK;
            case DOFORK -> Advice.DOFORK;
            case WIPEONFORK -> Advice.WIPEONFORK;
            case KEEPONFORK -> Advice.KEEPONFORK;
            case COLD -> Advice.COLD;
            case PAGEOUT -> Advice.PAGEOUT;
        };
    }

    private static int access(RegionProtection protection) {
        return switch (protection) {
            case NONE -> 0;
            case READ -> VmFlags.READ;
            case READ_WRITE -> READ_WRITE;
        };
    }

    private String writePage(ReplayProcess process, KernelOperation.WritePage write) {
        MemorySegment page = buffer.pages(1);
        new PatternGenerator(write.seed()).fill(page, 0, PageSize.PAGE_SIZE);
        return result(process.cpu().write(address(write), page));
    }

    private String writeByte(ReplayProcess process, KernelOperation.WriteByte write) {
        MemorySegment one = buffer.pages(1).asSlice(0, 1);
        one.set(ValueLayout.JAVA_BYTE, 0, (byte) write.value());
        return result(process.cpu().write(address(write) + write.offset(), one));
    }

    private String readPage(ReplayProcess process, KernelOperation.ReadPage read) {
        MemorySegment page = buffer.pages(1);
        FaultResult fault = process.cpu().read(address(read), page);
        return fault.isError() ? signal(fault) : contentHash.of(page);
    }

    private String sumPages(ReplayProcess process, KernelOperation.SumPages sum) {
        MemorySegment page = buffer.pages(1);
        long hash = Fnv1a64.START;
        int readable = 0;
        for (int i = 0; i < sum.pageCount(); i++) {
            long address = regions.address(sum.region(), sum.startPage() + i);
            FaultResult fault = process.cpu().read(address, page);
            if (!fault.isError()) {
                readable++;
                hash = contentHash.update(hash, page, 0, PageSize.PAGE_SIZE);
            } else {
                String _ = signal(fault);
            }
        }
        return "ok="
                + readable
                + " bad="
                + (sum.pageCount() - readable)
                + " h="
                + Fnv1a64.format(hash);
    }

    private static String result(Errno errno) {
        return errno.isOk() ? "ok" : errno.describe();
    }

    private static String result(FaultResult fault) {
        return fault.isError() ? signal(fault) : "ok";
    }

    /// The signal that the thread gets.
    ///
    /// @throws OutOfMemoryError where Linux would call the OOM killer
    private static String signal(FaultResult fault) {
        return switch (fault) {
            case SIGSEGV -> "SEGV";
            case SIGBUS, HWPOISON -> "BUS";
            case OUT_OF_MEMORY -> throw new OutOfMemoryError("the machine's RAM is full");
            case HANDLED, RETRY, FALLBACK -> throw new AssertionError(fault);
        };
    }
}
