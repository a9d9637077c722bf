package farpage.emulator.svm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.file.DeviceCopies;
import farpage.mm.file.FileBackedMode;
import farpage.mm.file.OpenFile;
import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A copy that lives longer than those who read it.
final class FileCopyTest {
    private static final int SHARED = VmFlags.READ | VmFlags.WRITE | VmFlags.SHARED;
    private static final int PROCESSES = 50;

    @Test
    void copyForgetsTheProcessesThatAreGone() {
        try (ClBinding binding = FakeClBinding.open();
                Emulator emulator =
                        new Emulator(
                                EmulatorConfig.of(binding, binding.devices().getFirst())
                                        .withRamSize(8L << 20)
                                        .withFileBacked(FileBackedMode.COPY));
                OpenFile file = emulator.machine().files().memfd()) {
            assertEquals(Errno.OK, file.truncate(PageSize.PAGE_SIZE));
            assertEquals(1, file.write(MemorySegment.ofArray(new byte[] {1}), 0));
            List<Dmirror> gone = new ArrayList<>();
            Dmirror keeper = open(emulator, file);
            for (int i = 0; i < PROCESSES; i++) {
                Dmirror device = open(emulator, file);
                device.mm().exit();
                gone.add(device);
            }
            DeviceCopies copies = file.mapping().copies();
            assertNotNull(copies);
            FileCopy copy = assertInstanceOf(FileCopy.class, copies.of(0).getFirst());
            assertTrue(copy.placeCount() <= FileCopy.PLACES, copy.placeCount() + " places");
            keeper.mm().exit();
            keeper.close();
            gone.forEach(Dmirror::close);
        }
    }

    /// A process that has the device read the copy.
    private static Dmirror open(Emulator emulator, OpenFile file) {
        Mm mm = emulator.newProcess();
        long address = mm.mmap(PageSize.PAGE_SIZE, SHARED, file, 0);
        assertTrue(!new CpuAccess(mm).read(address, MemorySegment.ofArray(new byte[1])).isError());
        Dmirror device = emulator.device(0).open(mm);
        assertEquals(1, device.migrateToDevice(address, 1).movedPages());
        return device;
    }
}
