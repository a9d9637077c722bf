package farpage.emulator.bench;

import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import java.util.ArrayList;
import java.util.List;

/// A process with a range of anonymous memory, and devices that it can migrate to. Nobody looks
/// into the memory, neither that of the host nor the devices': only what is known about pages
/// changes.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: FIXTURE_SETUP(hmm2)
final class MigrationScene implements AutoCloseable {
    /// RAM beside that of the range: the page of zeros, and some to spare.
    private static final int SPARE_PAGES = 1024;

    private final Machine machine;
    private final Mm mm;
    private final List<UnbackedDevice> devices = new ArrayList<>();
    private final List<ProcessMirror> mirrors = new ArrayList<>();
    private final int pageCount;
    private final long firstPage;

    /// @param pageCount pages of the range
    MigrationScene(int pageCount) {
        this.pageCount = pageCount;
        this.machine = new Machine(PageSize.pageAddress((long) pageCount + SPARE_PAGES));
        this.mm = machine.newProcess();
        long bytes = PageSize.pageAddress(pageCount) + PageSize.PMD_SIZE;
        long mapped = mm.mmap(bytes, VmFlags.READ | VmFlags.WRITE);
        this.firstPage = PageSize.pageNumber(PageSize.alignDownPmd(mapped + PageSize.PMD_SIZE - 1));
    }

    /// Adds a device, which can hold that many pages.
    ///
    /// @param chunkPages pages that it registers at once
    void addDevice(int pages, int chunkPages) {
        UnbackedDevice device = new UnbackedDevice(machine, pages, chunkPages);
        devices.add(device);
        mirrors.add(device.mirror(mm));
    }

    Mm mm() {
        return mm;
    }

    UnbackedDevice device(int index) {
        return devices.get(index);
    }

    ProcessMirror mirror(int index) {
        return mirrors.get(index);
    }

    /// The number of the first page of the range, at which a page table begins.
    long firstPage() {
        return firstPage;
    }

    int pageCount() {
        return pageCount;
    }

    /// Moves pages of the range to a device as one range.
    void toDevice(int device, long first, int count) {
        MigrationResult result =
                devices.get(device)
                        .migrator()
                        .toDevice(
                                mirrors.get(device),
                                PageSize.pageAddress(first),
                                PageSize.pageAddress(first + count));
        require(result, count);
    }

    /// Moves pages of a device back as one range.
    void toSystem(int device, long first, int count) {
        MigrationResult result =
                devices.get(device)
                        .migrator()
                        .toSystem(
                                mirrors.get(device),
                                PageSize.pageAddress(first),
                                PageSize.pageAddress(first + count));
        require(result, count);
    }

    /// Moves single pages to a device.
    ///
    /// @param pages their numbers, in any order
    void toDevice(int device, long[] pages, int count) {
        require(devices.get(device).migrator().toDevice(mirrors.get(device), pages, count), count);
    }

    /// Moves single pages of a device back.
    ///
    /// @param pages their numbers, in any order
    void toSystem(int device, long[] pages, int count) {
        require(devices.get(device).migrator().toSystem(mirrors.get(device), pages, count), count);
    }

    /// A page that stays where it is would cost less than one that moves.
    private static void require(MigrationResult result, int count) {
        if (!result.errno().isOk() || result.movedPages() != count) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "%d pages were to move, and %d did, %s"
                            .formatted(count, result.movedPages(), result.errno().describe()));
        }
    }

    @Override
    public void close() {
        mirrors.forEach(ProcessMirror::close);
        mm.exit();
        devices.forEach(UnbackedDevice::close);
        machine.close();
    }
}
