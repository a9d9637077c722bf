package farpage.emulator.selftest;

import static farpage.emulator.selftest.Values.INDEX;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;

/// Pages on a device meet those who hold on to pages of a process.
///
/// @kernel mm/gup.c, mm/gup_test.c
final class PinCases {
    private static final int WRITE_LONG_TERM = GupFlags.WRITE | GupFlags.LONGTERM;

    private PinCases() {}

    /// Private pages come back for everyone who holds on to them; coherent ones only for those who
    /// do so for long.
    static void gupTest(TestProgram program) {
        TestPages buffer = program.process().map(4);
        buffer.store(INDEX);
        program.device().migrateToDevice(buffer).copies(4);
        buffer.expectMirror(INDEX);

        get(program.process().mm(), buffer.page(0));
        getFast(program.process().mm(), buffer.page(1));
        pinFastLongTerm(program.process().mm(), buffer.page(2));
        pinLongTerm(program.process().mm(), buffer.page(3));

        Expect.equal(
                program.isCoherent() ? "42 42 02 02" : "02 02 02 02",
                program.device().snapshot(buffer),
                "snapshot");
        buffer.expectLoads(INDEX);
    }

    private static void get(Mm mm, TestPages page) {
        long[] got = new long[1];
        mm.lockRead();
        GupResult result = GetUserPages.get(mm, page.address(), 1, GupFlags.WRITE, got);
        mm.unlockRead();
        expectOne(result);
        mm.machine().put(got[0]);
    }

    private static void getFast(Mm mm, TestPages page) {
        long[] got = new long[1];
        expectOne(GetUserPages.getFast(mm, page.address(), 1, GupFlags.WRITE, got));
        mm.machine().put(got[0]);
    }

    private static void pinFastLongTerm(Mm mm, TestPages page) {
        long[] pinned = new long[1];
        expectOne(GetUserPages.pinFast(mm, page.address(), 1, WRITE_LONG_TERM, pinned));
        unpin(mm.machine(), pinned);
    }

    private static void pinLongTerm(Mm mm, TestPages page) {
        long[] pinned = new long[1];
        mm.lockRead();
        GupResult result = GetUserPages.pin(mm, page.address(), 1, WRITE_LONG_TERM, pinned);
        mm.unlockRead();
        expectOne(result);
        unpin(mm.machine(), pinned);
    }

    private static void unpin(Machine machine, long[] pinned) {
        GetUserPages.unpin(machine, pinned, 1, false);
    }

    private static void expectOne(GupResult result) {
        Expect.equal("0", result.errno().describe(), "ret");
        Expect.equal(1, result.count(), "nr_pages");
    }
}
