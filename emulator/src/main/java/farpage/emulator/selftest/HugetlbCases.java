package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.READ;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.PMD_PAGES;

import java.util.List;
import java.util.Set;

/// A page that the machine set aside as a huge one meets a device.
///
/// @kernel mm/hugetlb.c; mm/hmm.c: hmm_vma_walk_hugetlb_entry
final class HugetlbCases {
    private HugetlbCases() {}

    /// The device is the first to touch the page.
    static void anonWriteHugetlbfs(TestProgram program) {
        TestPages buffer = program.process().mapHugetlb(PMD_PAGES);
        buffer.fillMirror(INDEX);
        program.device().write(buffer).copies(PMD_PAGES).faults(1);
        buffer.expectLoads(INDEX);
    }

    /// A device is told that the page is a huge one, and when it may no longer be written.
    static void compound(TestProgram program) {
        TestPages buffer = program.process().mapHugetlb(PMD_PAGES);
        buffer.store(INDEX);
        expectEach("06", program.device().snapshot(buffer));
        buffer.protect(READ);
        expectEach("05", program.device().snapshot(buffer));
    }

    private static void expectEach(String expected, String snapshot) {
        Set<String> found = Set.copyOf(List.of(snapshot.split(" ", -1)));
        Expect.equal(Set.of(expected), found, "snapshot");
    }
}
