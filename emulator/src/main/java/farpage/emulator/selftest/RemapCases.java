package farpage.emulator.selftest;

import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.PMD_PAGES;

import farpage.mm.Advice;
import farpage.mm.MremapFlags;

/// Mappings move, with pages that are on a device or will be.
///
/// @kernel mm/mremap.c: move_page_tables
final class RemapCases {
    private static final int MAPPED_PAGES = 8 * PMD_PAGES;

    private RemapCases() {}

    /// The move comes before the migration or after it, keeps the old place mapped or not, and ends
    /// at the start of a page table or inside one; the pages come back where they are now.
    static void migrateRemapFault(TestProgram program) {
        for (boolean isMovedFirst : new boolean[] {false, true}) {
            for (int keepsOld : new int[] {0, MremapFlags.DONTUNMAP}) {
                for (int offset : new int[] {0, PMD_PAGES / 4, PMD_PAGES / 2}) {
                    moveAndMigrate(program, Advice.NOHUGEPAGE, isMovedFirst, keepsOld, offset);
                    moveAndMigrate(program, Advice.HUGEPAGE, isMovedFirst, keepsOld, offset);
                }
            }
        }
    }

    private static void moveAndMigrate(
            TestProgram program, Advice advice, boolean isMovedFirst, int keepsOld, int offset) {
        TestPages mapped = program.process().map(MAPPED_PAGES).fromPmdStart();
        TestPages old = mapped.part(0, PMD_PAGES);
        old.advise(advice);
        old.store(INDEX);
        mapped.part(PMD_PAGES, 3 * PMD_PAGES).unmap();
        TestPages target = mapped.part(PMD_PAGES + offset, 2 * PMD_PAGES + offset);
        TestPages moved = old.at(target.address());
        int flags = MremapFlags.MAYMOVE | MremapFlags.FIXED | keepsOld;
        if (isMovedFirst) {
            old.move(target.address(), flags);
            migrate(program, moved);
        } else {
            migrate(program, old);
            old.move(target.address(), flags);
        }
        moved.expectLoads(INDEX);
    }

    private static void migrate(TestProgram program, TestPages pages) {
        program.device().migrateToDevice(pages).copies(PMD_PAGES);
        pages.expectMirror(INDEX);
    }
}
