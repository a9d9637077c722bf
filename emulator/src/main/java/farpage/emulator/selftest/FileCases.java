package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.READ;
import static farpage.emulator.selftest.TestProcess.READ_WRITE;
import static farpage.emulator.selftest.Values.BUFFER_PAGES;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.ZERO;

import farpage.emulator.dmirror.DmirrorMmap;
import farpage.mm.Errno;
import farpage.mm.VmFlags;
import farpage.mm.file.OpenFile;

/// Memory that is a file's, shared, or a driver's own.
///
/// @kernel mm/filemap.c, mm/shmem.c; lib/test_hmm.c: dmirror_fops_mmap
final class FileCases {
    private static final int SHARED = VmFlags.SHARED;

    private FileCases() {}

    /// A device reads a file through a shared mapping that may only be read.
    static void fileRead(TestProgram program) {
        TestFile file = program.newFile(BUFFER_PAGES);
        TestPages buffer = program.process().map(BUFFER_PAGES, READ | SHARED, file.file());
        buffer.fillMirror(INDEX);
        file.write(buffer);
        buffer.fillMirror(ZERO);
        program.device().read(buffer).copies(BUFFER_PAGES).faults(1);
        buffer.expectMirror(INDEX);
    }

    /// What a device writes through a shared mapping is in the mapping and in the file.
    static void fileWrite(TestProgram program) {
        TestFile file = program.newFile(BUFFER_PAGES);
        TestPages buffer = program.process().map(BUFFER_PAGES, READ_WRITE | SHARED, file.file());
        buffer.fillMirror(INDEX);
        program.device().write(buffer).copies(BUFFER_PAGES).faults(1);
        buffer.expectLoads(INDEX);
        buffer.fillMirror(ZERO);
        file.read(buffer);
        buffer.expectMirror(INDEX);
    }

    /// Private copies of a file's pages migrate as anonymous memory does.
    static void migrateFilePrivate(TestProgram program) {
        TestFile file = program.newFile(BUFFER_PAGES);
        TestPages buffer = program.process().map(BUFFER_PAGES, READ_WRITE, file.file());
        buffer.store(INDEX);
        program.device().migrateToDevice(buffer).copies(BUFFER_PAGES);
        buffer.expectMirror(INDEX);
    }

    /// Shared memory stays where it is.
    static void migrateShared(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES, READ_WRITE | SHARED);
        program.device().migrateToDevice(buffer).returns(Errno.ENOENT);
    }

    /// A page that the driver itself mapped can be looked at.
    static void mixedmap(TestProgram program) {
        try (OpenFile device = DmirrorMmap.open(program.process().mm().machine())) {
            TestPages page = program.process().map(1, READ_WRITE, device);
            Expect.equal("01", program.device().snapshot(page), "snapshot");
        }
    }
}
