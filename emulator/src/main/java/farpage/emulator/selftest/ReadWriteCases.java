package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.NONE;
import static farpage.emulator.selftest.TestProcess.READ;
import static farpage.emulator.selftest.TestProcess.READ_WRITE;
import static farpage.emulator.selftest.Values.BUFFER_PAGES;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.NEGATED;
import static farpage.emulator.selftest.Values.ROUNDS;
import static farpage.emulator.selftest.Values.ZERO;

import farpage.mm.Errno;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A device loads and stores private anonymous memory through its own table.
///
/// @kernel lib/test_hmm.c: dmirror_read, dmirror_write
final class ReadWriteCases {
    private ReadWriteCases() {}

    /// Setting up and taking down is all.
    static void openClose(TestProgram program) {
        assert program.process().mm().machine().processes().size() == 1;
    }

    /// One round of faults deals with a hole, the page of zeros and ordinary pages.
    static void anonRead(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES);
        buffer.part(2, BUFFER_PAGES).store(INDEX);
        buffer.protect(READ);
        buffer.page(1).expectLoads(ZERO);

        program.device().read(buffer).copies(BUFFER_PAGES).faults(1);
        buffer.part(0, 2).expectMirror(ZERO);
        buffer.part(2, BUFFER_PAGES).expectMirror(INDEX);
    }

    /// What the process may not read the device may not either.
    static void anonReadProt(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES);
        buffer.store(INDEX);
        buffer.fillMirror(NEGATED);
        buffer.protect(NONE);
        program.device().read(buffer).returns(Errno.EFAULT);

        buffer.protect(READ);
        buffer.expectLoads(INDEX);
        buffer.expectMirror(NEGATED);
    }

    /// The device is the first to touch the pages.
    static void anonWrite(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES);
        buffer.fillMirror(INDEX);
        program.device().write(buffer).copies(BUFFER_PAGES).faults(1);
        buffer.expectLoads(INDEX);
    }

    /// That a page was read by the device gives it no right to write it.
    static void anonWriteProt(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES, READ);
        program.device().read(buffer.page(0)).copies(1).faults(1);
        buffer.fillMirror(INDEX);
        program.device().write(buffer).returns(Errno.EPERM);
        buffer.expectLoads(ZERO);

        buffer.protect(READ_WRITE);
        program.device().write(buffer).copies(BUFFER_PAGES).faults(1);
        buffer.expectLoads(INDEX);
    }

    /// Buffer after buffer; the earlier ones stay.
    static void anonReadMultiple(TestProgram program) {
        for (int round = 0; round < ROUNDS; round++) {
            TestPages buffer = program.process().map(BUFFER_PAGES);
            buffer.store(Values.indexPlus(round));
            program.device().read(buffer).copies(BUFFER_PAGES).faults(1);
            buffer.expectMirror(Values.indexPlus(round));
        }
    }

    /// The upper half goes away while the device reads: it reads all or fails.
    static void anonTeardown(TestProgram program) {
        for (int round = 0; round < ROUNDS; round++) {
            TestPages buffer = program.process().map(BUFFER_PAGES);
            buffer.store(Values.indexPlus(round));
            int delayNanos = program.random().nextInt(32_000);
            Running<Boolean> unmapping =
                    program.start(
                            "unmapping",
                            () -> {
                                new CompletableFuture<Boolean>()
                                        .completeOnTimeout(true, delayNanos, TimeUnit.NANOSECONDS)
                                        .join();
                                buffer.secondHalf().unmap();
                            });
            DeviceReply reply = program.device().read(buffer);
            if (reply.isSuccess()) {
                reply.copies(BUFFER_PAGES).faults(1);
                buffer.expectMirror(Values.indexPlus(round));
            }
            unmapping.await();
        }
    }
}
