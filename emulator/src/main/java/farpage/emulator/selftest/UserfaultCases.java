package farpage.emulator.selftest;

import static farpage.emulator.selftest.Values.constant;

import farpage.mm.PageSize;
import farpage.mm.userfaultfd.UffdMessage;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.UffdResult;
import farpage.mm.userfaultfd.Userfaultfd;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A device reads memory whose pages the program itself provides when they are missed.
///
/// @kernel mm/hmm.c: hmm_range_fault_unlocked_timeout; fs/userfaultfd.c
final class UserfaultCases {
    private static final int PAGES = 4;
    private static final byte FILL = (byte) 0xab;
    private static final int FILL_INT = 0xabababab;

    private UserfaultCases() {}

    /// Every page that the device misses is filled by another thread of the program.
    static void userfaultfdRead(TestProgram program) {
        TestPages buffer = program.process().map(PAGES);
        MemorySegment page = program.allocate(1);
        page.fill(FILL);
        Running<Boolean> handler;
        try (Userfaultfd uffd = Userfaultfd.open(program.process().mm())) {
            Expect.equal(
                    "0",
                    uffd.register(buffer.address(), buffer.byteSize(), UffdModes.REGISTER_MISSING)
                            .describe(),
                    "register");
            handler = program.start("handler", () -> handle(uffd, page));
            program.device().readUnlocked(buffer).copies(PAGES);
        }
        handler.await();
        buffer.expectMirror(constant(FILL_INT));
    }

    private static void handle(Userfaultfd uffd, MemorySegment page) {
        for (Optional<UffdMessage> fault = uffd.read(); fault.isPresent(); fault = uffd.read()) {
            UffdResult filled = uffd.copy(fault.get().address(), page, PageSize.PAGE_SIZE, 0);
            Expect.equal("0", filled.errno().describe(), "copy");
        }
    }
}
