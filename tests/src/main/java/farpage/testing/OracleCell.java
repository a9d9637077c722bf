package farpage.testing;

import farpage.emulator.trace.Fnv1a64;
import farpage.emulator.trace.PatternGenerator;
import farpage.emulator.trace.RegionProtection;
import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One mapped page, as the [PageOracle] knows it.
///
/// @kernel none
final class OracleCell {
    static final int NOWHERE = -1;

    byte[] content = new byte[PageSize.PAGE_SIZE];
    RegionProtection protection = RegionProtection.READ_WRITE;

    /// Devices that may hold it, as bits: never too few.
    int mayBeOn;

    /// The device that surely holds it.
    int surelyOn = NOWHERE;

    /// Whether its entry may lack the right to write though its VMA has it. A device that holds
    /// such a page may not write it, and is not helped.
    boolean mayBeReadType;

    /// What else it may contain, until somebody looks.
    byte @Nullable [] alternative;

    /// It may contain anything, until somebody stores.
    boolean torn;

    OracleCell() {}

    /// The page of a forked child.
    OracleCell(OracleCell original) {
        content = original.content;
        protection = original.protection;
        mayBeOn = original.mayBeOn;
        mayBeReadType = true;
    }

    boolean isReadable() {
        return protection != RegionProtection.NONE;
    }

    boolean isWritable() {
        return protection == RegionProtection.READ_WRITE;
    }

    boolean mayBeOn(int device) {
        return (mayBeOn & 1 << device) != 0;
    }

    /// It is in system memory now.
    void comeHome() {
        mayBeOn = 0;
        surelyOn = NOWHERE;
    }

    void store(byte[] stored) {
        content = stored;
        alternative = null;
        torn = false;
    }

    /// What the trace generator makes of a seed, page by page.
    static List<byte[]> pattern(long seed, int pageCount) {
        PatternGenerator generator = new PatternGenerator(seed);
        List<byte[]> pages = new ArrayList<>();
        for (int i = 0; i < pageCount; i++) {
            byte[] page = new byte[PageSize.PAGE_SIZE];
            generator.fill(MemorySegment.ofArray(page), 0, page.length);
            pages.add(page);
        }
        return pages;
    }

    /// The hash of pages one after another, as results tell it.
    static String hash(List<OracleCell> cells) {
        long hash = Fnv1a64.START;
        for (OracleCell cell : cells) {
            hash = Fnv1a64.update(hash, cell.content, 0, PageSize.PAGE_SIZE);
        }
        return "h=" + Fnv1a64.format(hash);
    }

    /// Whether the byte of a snapshot agrees with what is known of the page; null where nothing is
    /// mapped.
    static boolean agrees(int prot, @Nullable OracleCell cell, int device) {
        if (cell == null || !cell.isReadable()) {
            return prot == 0xff;
        }
        boolean local = prot != 0xff && (prot & 0x20) != 0;
        boolean permitted = (prot & 0x2) == 0 || cell.isWritable();
        boolean placed = cell.surelyOn == NOWHERE || (cell.surelyOn == device ? local : prot == 0);
        return prot != 0xff && permitted && placed && (!local || cell.mayBeOn(device));
    }
}
