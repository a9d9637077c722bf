package farpage.emulator.inspect;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.devmem.CopyOwner;
import farpage.emulator.devmem.DeviceChunk;
import farpage.emulator.devmem.DeviceMemoryStatistics;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Check;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.file.FileMapping;
import farpage.mm.hmm.HmmPfn;
import farpage.mm.inspect.MmInvariants;
import farpage.mm.memory.FolioTable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// What must be true of an emulator whenever nothing is under way in it: the invariants of its
/// machine, the counts of its devices' pages, and every entry of every device's page table.
///
/// @kernel mm/debug.c, lib/test_hmm.c
public final class EmulatorInvariants {
    private final Emulator emulator;
    private final List<String> broken = new ArrayList<>();

    private EmulatorInvariants(Emulator emulator) {
        this.emulator = emulator;
    }

    /// Looks at everything. The caller holds no lock.
    ///
    /// @return what does not hold, one line each; empty if all is well
    public static List<String> violations(Emulator emulator) {
        return violations(emulator, new long[0]);
    }

    /// As [#violations(Emulator)], while pages of RAM are pinned.
    ///
    /// @param pinned the pages, each as often as it is pinned
    public static List<String> violations(Emulator emulator, long[] pinned) {
        EmulatorInvariants invariants = new EmulatorInvariants(emulator);
        invariants.broken.addAll(MmInvariants.violations(emulator.machine(), pinned));
        invariants.broken.addAll(new PeerCheck(emulator).violations());
        for (EmulatedDevice device : emulator.devices()) {
            invariants.checkMemory(device);
            for (Dmirror file : device.openMirrors()) {
                invariants.checkMirror(device, file.mirror());
            }
        }
        return List.copyOf(invariants.broken);
    }

    /// Ends the program with all findings unless there are none.
    public static void assertHold(Emulator emulator) {
        List<String> violations = violations(emulator);
        if (!violations.isEmpty()) {
            throw Check.broken(
                    violations.size() + " invariants broken:\n" + String.join("\n", violations));
        }
    }

    private void expect(boolean condition, Supplier<String> otherwise) {
        if (!condition) {
            broken.add(otherwise.get());
        }
    }

    /// Three counts of the same thing: pages that the allocators gave out, pages that the pagemaps
    /// count as live, and pages with references.
    private void checkMemory(EmulatedDevice device) {
        DeviceMemoryStatistics statistics = device.memory().statistics();
        long counted = statistics.allocatedPages() - statistics.freedPages();
        expect(
                counted == statistics.livePages(),
                () -> device + ": counted " + counted + " pages, in use " + statistics.livePages());
        FolioTable folios = emulator.machine().folios();
        for (DeviceChunk chunk : device.memory().chunks()) {
            int taken = chunk.pageCount() - chunk.freePageCount() - chunk.retiredPageCount();
            int live = chunk.pagemap().livePageCount();
            int referenced = 0;
            for (int index = 0; index < chunk.pageCount(); index++) {
                long page = chunk.pagemap().page(index);
                if (!folios.isKnown(page) || folios.refCount(page) == 0) {
                    continue;
                }
                referenced++;
                int ofFile = isCopy(folios, page) ? 1 : FileMapping.cacheReferences(folios, page);
                expect(
                        folios.refCount(page) == folios.mapCount(page) + ofFile,
                        () ->
                                Page.describe(page)
                                        + ": references "
                                        + folios.refCount(page)
                                        + ", mappings "
                                        + folios.mapCount(page));
                expect(!folios.isLocked(page), () -> Page.describe(page) + " is locked");
            }
            int used = referenced;
            long kept = PeerCheck.keptPages(device, chunk);
            expect(
                    taken == live + kept && live == used,
                    () -> chunk + ": allocated " + taken + ", live " + live + ", used " + used);
        }
    }

    /// Every entry of the device's table names the page that the process has there, and permits no
    /// store that the process's own entry does not.
    private void checkMirror(EmulatedDevice device, ProcessMirror mirror) {
        Mm mm = mirror.mm();
        DevicePageTable table = mirror.table();
        List<Long> pageNumbers = new ArrayList<>();
        List<Long> entries = new ArrayList<>();
        table.lock();
        long left = table.entryCountLocked();
        long ofSystem = table.systemEntryCountLocked();
        for (long next = -1; left > 0; left--) {
            next = table.nextPresentLocked(next + 1);
            if (next < 0) {
                break;
            }
            pageNumbers.add(next);
            long entry = table.entryLocked(next);
            entries.add(entry);
            ofSystem -= Page.isDevice(DevicePte.page(entry)) ? 0 : 1;
        }
        table.unlock();
        long tooMany = left;
        expect(
                tooMany == 0,
                () -> device + ": its table of " + mm + " counts " + tooMany + " entries too many");
        long uncounted = ofSystem;
        expect(
                uncounted == 0,
                () ->
                        "%s: its table of %s counts %d entries of system pages too many"
                                .formatted(device, mm, uncounted));
        if (mm.isExited()) {
            expect(
                    pageNumbers.isEmpty(),
                    () -> device + " mirrors pages of " + mm + ", which exited");
            return;
        }
        long[] word = new long[1];
        for (int i = 0; i < pageNumbers.size(); i++) {
            long start = PageSize.pageAddress(pageNumbers.get(i));
            var _ = mirror.snapshot(start, start + PageSize.PAGE_SIZE, word, () -> {});
            checkEntry(device, mm, start, entries.get(i), word[0]);
        }
    }

    /// Whether the page is a copy of a file's page, which its driver holds.
    private static boolean isCopy(FolioTable folios, long page) {
        return folios.zoneDeviceData(page) instanceof CopyOwner owner && owner.isCopy(page);
    }

    private void checkEntry(EmulatedDevice device, Mm mm, long address, long entry, long word) {
        if (DevicePte.isAtomic(entry)) {
            expect(
                    DeviceExclusive.pageAt(mm, address) == DevicePte.page(entry),
                    () ->
                            String.format(
                                    "%s, %s at %x: the device has %s, but not to itself",
                                    device, mm, address, DevicePte.describe(entry)));
            return;
        }
        FolioTable folios = emulator.machine().folios();
        if (Page.isDevicePrivate(DevicePte.page(entry)) && isCopy(folios, DevicePte.page(entry))) {
            expect(
                    !DevicePte.isWritable(entry),
                    () -> String.format("%s, %s at %x: a copy is writable", device, mm, address));
            return;
        }
        boolean agrees =
                HmmPfn.isValid(word)
                        && !HmmPfn.isError(word)
                        && HmmPfn.page(word) == DevicePte.page(entry)
                        && (!DevicePte.isWritable(entry) || HmmPfn.isWritable(word));
        expect(
                agrees,
                () ->
                        String.format(
                                "%s, %s at %x: the device has %s, the process %s",
                                device,
                                mm,
                                address,
                                DevicePte.describe(entry),
                                HmmPfn.describe(word)));
    }
}
