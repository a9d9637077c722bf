package farpage.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Mappings whose pages are no ordinary folios. No call makes one yet; migration must refuse them.
final class SpecialMappingTest {
    @RegisterExtension final TestMachine machine = new TestMachine(16);
    private final TestDevice device = machine.newDevice(1);
    private final TestProcess process = machine.newProcess();

    @ParameterizedTest
    @ValueSource(
            ints = {
                VmFlags.IO,
                VmFlags.PFNMAP,
                VmFlags.DONTEXPAND,
                VmFlags.MIXEDMAP,
                VmFlags.HUGETLB
            })
    @Tag("T-2.1")
    void migrationRefusesThem(int flag) {
        long address = 0x40000000L;
        int flags = TestProcess.READ_WRITE | flag;
        Vma vma = new Vma(process.mm(), address, address + 4096, address >> 12, flags);
        process.mm().lockRead();
        assertEquals(Errno.EINVAL, device.toDevice(1).setup(vma, address, address + 4096));
        process.mm().unlockRead();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 0x80, 0x83, 0x88, 0x8f})
    void flagsReadAsInProc(int flags) {
        String expected =
                ((flags & 1) != 0 ? "r" : "-")
                        + ((flags & 2) != 0 ? "w" : "-")
                        + ((flags & 4) != 0 ? "x" : "-")
                        + ((flags & 0x80) != 0 ? "s" : "p");
        assertEquals(expected, VmFlags.describe(flags));
    }
}
