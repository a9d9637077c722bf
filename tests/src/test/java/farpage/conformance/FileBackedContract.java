package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.mm.Page;
import farpage.mm.VmFlags;
import farpage.mm.file.FaultyDisk;
import farpage.mm.file.FileBackedMode;
import farpage.mm.file.FilesOnDevices;
import farpage.mm.file.OpenFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Pages of a file on disk that move to a device and come back: by read and write, by faults, by
/// truncation and write-back.
abstract class FileBackedContract extends EmulatorScene {
    static final int SHARED = READ_WRITE | VmFlags.SHARED;
    static final int PAGES = 64;

    @TempDir Path folder = Path.of("");
    MemorySegment data = MemorySegment.NULL;
    FaultyDisk disk;
    OpenFile file;
    long address;

    /// Which design.
    FileBackedMode mode() {
        return FileBackedMode.MIGRATE;
    }

    @Override
    final EmulatorConfig configure(EmulatorConfig config) {
        return adjust(super.configure(config).withInPlace(false).withFileBacked(mode()));
    }

    /// The largest folios of the file; 0 for base pages.
    int folioOrder() {
        return 0;
    }

    /// What the machine is made of besides.
    EmulatorConfig adjust(EmulatorConfig config) {
        return config;
    }

    @BeforeEach
    final void mapFile() throws IOException {
        data = pattern(PAGES, 1);
        Files.write(path(), data.toArray(ValueLayout.JAVA_BYTE));
        disk = FaultyDisk.open(path());
        file = emulator.machine().files().openStore(disk, disk.size(), folioOrder());
        address = process.mmap((long) PAGES * PAGE, SHARED, file, 0);
        assertCpuReads(address, data);
    }

    final Path path() {
        return folder.resolve("file");
    }

    final void closeFile() {
        process.munmap(address, (long) PAGES * PAGE);
        file.close();
    }

    final long count(FilesOnDevices.Event event) {
        return emulator.machine().filesOnDevices().count(event);
    }

    final boolean isOnDevice(int page) {
        return Page.isDevicePrivate(file.mapping().lookupPage(page));
    }

    /// The pages of the file that are on a device.
    final int pagesOnDevice() {
        int pages = 0;
        for (int i = 0; i < PAGES; i++) {
            pages += isOnDevice(i) ? 1 : 0;
        }
        return pages;
    }

    final void assertReads(long offset, MemorySegment expected) {
        MemorySegment actual = arena.allocate(expected.byteSize(), 64);
        assertEquals(expected.byteSize(), file.read(actual, offset));
        assertBytes(expected, actual);
    }

    final void assertOnDisk(MemorySegment expected) throws IOException {
        assertBytes(expected, MemorySegment.ofArray(Files.readAllBytes(path())));
    }

    final MemorySegment pages(long first, long count) {
        return data.asSlice(first * PAGE, count * PAGE);
    }

    /// A device writes pages of the mapping, and the expected contents with them.
    final void deviceWrites(Dmirror device, int first, int count, int seed, long faults) {
        MemorySegment written = pattern(count, seed);
        assertDeviceWrites(device, page(address, first), written, faults);
        MemorySegment.copy(written, 0, data, (long) first * PAGE, written.byteSize());
    }
}
