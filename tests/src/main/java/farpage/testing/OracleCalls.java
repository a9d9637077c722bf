package farpage.testing;

import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionAdvice;
import farpage.emulator.trace.RegionKind;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What system calls answer and do to the account.
///
/// @kernel mm/vma.c, mm/mprotect.c, mm/mremap.c, mm/madvise.c
final class OracleCalls {
    private static final String OK = "ok";
    private static final String ENOMEM = "-ENOMEM";
    private static final Set<String> COLLAPSE_RESULTS =
            Set.of(OK, ENOMEM, "-EINVAL", "-EAGAIN", "-EBUSY");

    private final PageOracle.Rules rules;
    private final OracleMemory memory;
    private final OraclePins pins;
    private final OracleFolios folios;
    private final BitSet swapAreas = new BitSet();

    OracleCalls(PageOracle.Rules rules, OracleMemory memory, OraclePins pins, OracleFolios folios) {
        this.rules = rules;
        this.memory = memory;
        this.pins = pins;
        this.folios = folios;
    }

    String map(KernelOperation.MapRegion map) {
        for (int page = 0; page < map.pageCount(); page++) {
            lose(memory.lookup(map.region(), page));
        }
        memory.map(map.region(), map.pageCount(), map.kind());
        return OK;
    }

    /// A page of its own is nobody's any more; one of an object stays there.
    private void lose(@Nullable OracleCell cell) {
        if (cell != null && cell.pinCount > 0 && !cell.isShared()) {
            pins.lose(cell);
        }
    }

    String unmap(KernelOperation.Unmap unmap) {
        for (int i = 0; i < unmap.pageCount(); i++) {
            OracleCell cell = memory.lookup(unmap.region(), unmap.startPage() + i);
            if (cell != null) {
                lose(cell);
                memory.put(unmap.region(), unmap.startPage() + i, null);
            }
        }
        return OK;
    }

    /// Pages below the first hole are changed even if there is one.
    String protect(KernelOperation.Protect protect) {
        List<OracleCell> cells = memory.cells(protect);
        for (OracleCell cell : cells) {
            cell.mayBeReadType |= cell.protection != protect.protection();
            cell.loseSoftDirtyOnDevice();
            cell.protection = protect.protection();
        }
        return cells.size() == protect.pageCount() ? OK : ENOMEM;
    }

    /// Whether it is known what the call does: nothing is said of a source with holes.
    boolean knowsMove(KernelOperation.OnPages source) {
        return memory.cells(source).size() == source.pageCount();
    }

    /// Whether it can be found out what the call did: where bytes may be lost one must be able to
    /// look.
    boolean knows(KernelOperation.Advise advise) {
        return switch (advise.advice()) {
            case FREE, PAGEOUT ->
                    memory.all(advise).stream()
                            .allMatch(cell ->
                                    cell == null
                                            || cell.isReadable()
                                            || !cell.mayBeDropped && !cell.mayBeSwapped);
            default -> true;
        };
    }

    /// @param keeps whether the old place stays mapped
    String remap(
            KernelOperation.OnPages source, String target, int targetStartPage, boolean keeps) {
        int distance = targetStartPage - source.startPage();
        if (source.region().equals(target) && Math.abs(distance) < source.pageCount()) {
            return "-EINVAL";
        }
        List<OracleCell> moved = memory.cells(source);
        for (int i = 0; i < moved.size(); i++) {
            OracleCell left = keeps ? moved.get(i).leftBehind() : null;
            memory.put(source.region(), source.startPage() + i, left);
        }
        for (int i = 0; i < moved.size(); i++) {
            lose(memory.lookup(target, targetStartPage + i));
            memory.put(target, targetStartPage + i, moved.get(i));
        }
        return OK;
    }

    String swapOn() {
        swapAreas.set(swapAreas.nextClearBit(0));
        return OK;
    }

    String swapOff(KernelOperation.SwapOff off) {
        boolean isOn = swapAreas.get(off.area());
        swapAreas.clear(off.area());
        return isOn ? OK : "-EINVAL";
    }

    /// Unlike others this call goes on behind a hole; an error ends it.
    String advise(KernelOperation.Advise advise, String result) {
        String answer = OK;
        boolean populates = false;
        for (OracleCell cell : memory.all(advise)) {
            if (cell == null) {
                answer = ENOMEM;
                continue;
            }
            switch (advise.advice()) {
                case DONTNEED -> {
                    lose(cell);
                    cell.forget();
                }
                case REMOVE -> {
                    if (!cell.isShared()) {
                        return cell.kind == RegionKind.PRIVATE ? "-EINVAL" : "-EACCES";
                    }
                    pins.lose(cell);
                    cell.setContent(PageContent.ZERO);
                    memory.forEachOfAll(other -> other.softDirty &= !other.isSameObject(cell));
                }
                case COLD -> {}
                case PAGEOUT -> pageOut(cell);
                case FREE, WIPEONFORK, KEEPONFORK -> {
                    if (cell.kind != RegionKind.PRIVATE && !isKeep(advise)) {
                        return "-EINVAL";
                    }
                    adviseFork(advise, cell);
                }
                case DONTFORK -> cell.dontFork = true;
                case DOFORK -> cell.dontFork = false;
                case MERGEABLE -> cell.mergeable = !cell.isShared();
                case UNMERGEABLE -> {
                    cell.mergeable = false;
                    cell.surelyOn = OracleCell.NOWHERE;
                }
                case POPULATE_READ, POPULATE_WRITE -> populates = true;
                case HUGEPAGE -> cell.mayBeLarge |= cell.kind == RegionKind.PRIVATE;
                case NOHUGEPAGE -> {}
                case COLLAPSE -> {
                    return collapse(advise, result);
                }
            }
        }
        return populates ? populate(advise, result) : answer;
    }

    /// Whether there is room for a huge page, and no page that can not move, is left open.
    private String collapse(KernelOperation.Advise advise, String result) {
        folios.collapse(advise);
        boolean isKnown = COLLAPSE_RESULTS.contains(result);
        return isKnown || rules.failing() && result.startsWith("-E") ? result : "ok or an error";
    }

    private static void pageOut(OracleCell cell) {
        cell.mayBeSwapped |= !cell.isShared();
        cell.mayBeReadType |= !cell.isShared();
        cell.mayBeReclaimed |= cell.mayBeDropped;
        cell.softDirty &= !cell.isShared();
    }

    private static boolean isKeep(KernelOperation.Advise advise) {
        return advise.advice() == RegionAdvice.KEEPONFORK;
    }

    private static void adviseFork(KernelOperation.Advise advise, OracleCell cell) {
        switch (advise.advice()) {
            case WIPEONFORK -> cell.wipeOnFork = true;
            case KEEPONFORK -> cell.wipeOnFork = false;
            default -> {
                cell.mayBeDropped = true;
                cell.mayBeReclaimed |= cell.mayBeSwapped;
            }
        }
    }

    /// Every page is faulted in, which brings it home. Which error an access gives that is not
    /// permitted is left open.
    private String populate(KernelOperation.Advise advise, String result) {
        boolean write = advise.advice() == RegionAdvice.POPULATE_WRITE;
        folios.disturb(advise);
        List<OracleCell> cells = memory.cells(advise);
        boolean permitted =
                cells.stream()
                        .allMatch(cell ->
                                !cell.isBeyondEnd()
                                        && (write ? cell.isWritable() : cell.isReadable()));
        boolean excused =
                rules.failing()
                        && (result.equals("-EFAULT") || result.equals("-EHWPOISON"))
                        && cells.stream().anyMatch(cell -> cell.mayBeOn != 0);
        if (permitted && cells.size() == advise.pageCount() && !excused) {
            cells.forEach(cell -> {
                cell.use(rules.coherent(), write);
                cell.mayBeReadType &= !write;
                cell.mayBeMerged &= !write;
            });
            return OK;
        }
        cells.forEach(cell -> cell.surelyOn = OracleCell.NOWHERE);
        return permitted && !excused ? ENOMEM : result.startsWith("-E") ? result : "an error";
    }

    String mergeScan() {
        memory.forEachOfAll(cell -> {
            cell.mayBeMerged |= cell.mergeable;
            cell.mayBeReadType |= cell.mergeable;
            cell.mayBeCopied |= cell.mergeable;
            cell.softDirty &= !cell.mergeable;
        });
        return OK;
    }

    String fork() {
        memory.forEach((_, _, cell) -> cell.loseSoftDirtyOnDevice());
        memory.fork();
        pins.fork();
        return OK;
    }

    String endFork() {
        pins.endFork();
        memory.endFork();
        return "exit=0";
    }
}
