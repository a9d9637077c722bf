package farpage.emulator.experiment.filebacked;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.FaultyDisk;
import farpage.mm.file.FileBackedMode;
import farpage.mm.file.FilesOnDevices;
import farpage.mm.file.OpenFile;
import farpage.mm.memory.FolioOrders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/// A file on the host's disk, a process that works on it in one of the ways, and its device, on a
/// machine of their own. Every byte that a device or a CPU reads, and the file on the disk after
/// each sync, is compared with what was written last.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct hmm_buffer
final class FileScene implements AutoCloseable {
    private static final long SPARE_RAM = 16L << 20;

    private final FileDesign design;
    private final long bytes;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment contents;
    private final MemorySegment seen;
    private final SplittableRandom random;
    private final Path path;
    private final FaultyDisk disk;
    private final Emulator emulator;
    private final Mm mm;
    private final CpuAccess cpu;
    private final Dmirror device;
    private final OpenFile file;

    /// Where the file is mapped, or the buffer.
    private final long address;

    FileScene(EmulatorConfig config, FileDesign design, long bytes, long seed) {
        this.design = design;
        this.bytes = bytes;
        this.random = new SplittableRandom(seed);
        this.contents = arena.allocate(bytes, PageSize.PAGE_SIZE);
        this.seen = arena.allocate(bytes, PageSize.PAGE_SIZE);
        renew();
        try {
            path = Files.createTempFile("farpage-experiment", "");
            Files.write(path, contents.toArray(ValueLayout.JAVA_BYTE));
            disk = FaultyDisk.open(path);
        } catch (IOException e) {
            throw new UncheckedIOException("a temporary file", e);
        }
        emulator =
                new Emulator(
                        config.withDeviceCount(1)
                                .withOrders(FolioOrders.ALL)
                                .withFileBacked(design.mode())
                                .withRamSize(3 * bytes + SPARE_RAM)
                                .withDeviceMemory(2 * bytes)
                                .withChunkSize(bytes));
        mm = emulator.newProcess();
        cpu = new CpuAccess(mm);
        device = emulator.device(0).open(mm);
        file = emulator.machine().files().openStore(disk, disk.size(), design.folioOrder());
        int access = VmFlags.READ | VmFlags.WRITE;
        address =
                design == FileDesign.BUFFER
                        ? mm.mmap(bytes, access)
                        : mm.mmap(bytes, access | VmFlags.SHARED, file, 0);
    }

    /// Other contents for the next write.
    private void renew() {
        for (long at = 0; at < bytes; at += Long.BYTES) {
            contents.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
    }

    private long pageCount() {
        return PageSize.pageNumber(bytes);
    }

    /// The file is in the page cache and, where it is mapped, in the page table.
    void prepare() {
        readFile(seen);
        if (design != FileDesign.BUFFER) {
            require(cpu.read(address, seen));
        }
        compare("a CPU");
    }

    private void readFile(MemorySegment to) {
        long read = file.read(to, 0);
        if (read != bytes) {
            throw failed("read", Long.toString(read));
        }
    }

    /// Does what is timed; what was read is compared by [#check(FilePhase)].
    void run(FilePhase phase) {
        switch (phase) {
            case TO_DEVICE -> toDevice();
            case READ -> deviceReads();
            case WRITE ->
                    require(
                            device.execute(new DmirrorCommand.Write(address, pageCount(), contents))
                                    .errno(),
                            "device write");
            case SYNC -> sync();
            case CPU_READ -> readFile(seen);
            case READ_ONLY_TURN -> {
                if (design != FileDesign.BUFFER) {
                    toDevice();
                }
                deviceReads();
                compare("a device");
                readFile(seen);
            }
        }
    }

    /// Before what is timed.
    void before(FilePhase phase) {
        if (phase == FilePhase.WRITE) {
            renew();
        } else {
            seen.fill((byte) 0);
        }
    }

    /// After what is timed.
    void check(FilePhase phase) {
        switch (phase) {
            case READ -> compare("a device");
            case CPU_READ, READ_ONLY_TURN -> compare("a CPU");
            case SYNC -> compareWithDisk();
            case TO_DEVICE, WRITE -> {}
        }
    }

    private void toDevice() {
        if (design != FileDesign.BUFFER && design.mode() == FileBackedMode.OFF) {
            return;
        }
        if (design == FileDesign.BUFFER) {
            readFile(seen);
            require(cpu.write(address, seen));
        }
        require(device.migrateToDevice(address, pageCount()).errno(), "migration");
    }

    private void deviceReads() {
        require(
                device.execute(new DmirrorCommand.Read(address, pageCount(), seen)).errno(),
                "device read");
    }

    private void sync() {
        if (design == FileDesign.BUFFER) {
            require(device.migrateToSystem(address, pageCount()).errno(), "migration");
            require(cpu.read(address, seen));
            long written = file.write(seen, 0);
            if (written != bytes) {
                throw failed("write", Long.toString(written));
            }
        }
        require(file.fsync(), "fsync");
    }

    private void compareWithDisk() {
        try {
            seen.copyFrom(MemorySegment.ofArray(Files.readAllBytes(path)));
        } catch (IOException e) {
            throw new UncheckedIOException("a temporary file", e);
        }
        compare("the disk");
    }

    private void compare(String side) {
        long at = contents.mismatch(seen) & -Long.BYTES;
        if (at >= 0) {
            throw DataMismatchException.at(
                    side + " (" + design.label() + ")",
                    at,
                    contents.get(ValueLayout.JAVA_LONG, at),
                    seen.get(ValueLayout.JAVA_LONG, at));
        }
    }

    private void require(FaultResult result) {
        if (result.isError()) {
            throw failed("a CPU's access", result.name());
        }
    }

    private void require(Errno errno, String what) {
        if (!errno.isOk()) {
            throw failed(what, errno.describe());
        }
    }

    private WorkloadException failed(String what, String why) {
        return new WorkloadException(
                WorkloadException.Reason.COPY_FAILED, design.label() + ": " + what + ": " + why);
    }

    /// Pages that look-ups brought back from the device.
    long fetchedPages() {
        return emulator.machine().filesOnDevices().count(FilesOnDevices.Event.FETCHED);
    }

    /// Copies that were dropped because the page changed.
    long droppedCopies() {
        return emulator.machine().filesOnDevices().count(FilesOnDevices.Event.COPY_DROPPED);
    }

    /// Pages that were written to the disk.
    long writtenPages() {
        return disk.writtenPageCount();
    }

    @Override
    public void close() {
        try (arena) {
            device.close();
            file.close();
            mm.exit();
            emulator.close();
            Files.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException("a temporary file", e);
        }
    }
}
