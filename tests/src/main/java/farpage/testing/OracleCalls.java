package farpage.testing;

import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionAdvice;
import farpage.emulator.trace.RegionKind;
import java.util.List;

/// What system calls answer and do to the account.
///
/// @kernel mm/vma.c, mm/mprotect.c, mm/mremap.c, mm/madvise.c
final class OracleCalls {
    private static final String OK = "ok";
    private static final String ENOMEM = "-ENOMEM";

    private final PageOracle.Rules rules;
    private final OracleMemory memory;

    OracleCalls(PageOracle.Rules rules, OracleMemory memory) {
        this.rules = rules;
        this.memory = memory;
    }

    String map(KernelOperation.MapRegion map) {
        memory.map(map.region(), map.pageCount(), map.kind());
        return OK;
    }

    String unmap(KernelOperation.Unmap unmap) {
        for (int i = 0; i < unmap.pageCount(); i++) {
            if (memory.lookup(unmap.region(), unmap.startPage() + i) != null) {
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
            cell.protection = protect.protection();
        }
        return cells.size() == protect.pageCount() ? OK : ENOMEM;
    }

    /// Whether it is known what the call does: nothing is said of a source with holes.
    boolean knows(KernelOperation.Remap remap) {
        return memory.cells(remap).size() == remap.pageCount();
    }

    String remap(KernelOperation.Remap remap) {
        int distance = remap.targetStartPage() - remap.startPage();
        if (remap.region().equals(remap.targetRegion()) && Math.abs(distance) < remap.pageCount()) {
            return "-EINVAL";
        }
        List<OracleCell> moved = memory.cells(remap);
        for (int i = 0; i < moved.size(); i++) {
            memory.put(remap.region(), remap.startPage() + i, null);
        }
        for (int i = 0; i < moved.size(); i++) {
            memory.put(remap.targetRegion(), remap.targetStartPage() + i, moved.get(i));
        }
        return OK;
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
                case DONTNEED -> cell.forget();
                case REMOVE -> {
                    if (!cell.isShared()) {
                        return cell.kind == RegionKind.PRIVATE ? "-EINVAL" : "-EACCES";
                    }
                    cell.setContent(PageContent.ZERO);
                }
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
                case HUGEPAGE, NOHUGEPAGE, COLLAPSE ->
                        throw new IllegalArgumentException(advise.toString());
            }
        }
        return populates ? populate(advise, result) : answer;
    }

    private static boolean isKeep(KernelOperation.Advise advise) {
        return advise.advice() == RegionAdvice.KEEPONFORK;
    }

    private static void adviseFork(KernelOperation.Advise advise, OracleCell cell) {
        switch (advise.advice()) {
            case WIPEONFORK -> cell.wipeOnFork = true;
            case KEEPONFORK -> cell.wipeOnFork = false;
            default -> {} // what may be freed stays as long as there is memory
        }
    }

    /// Every page is faulted in, which brings it home. Which error an access gives that is not
    /// permitted is left open.
    private String populate(KernelOperation.Advise advise, String result) {
        boolean write = advise.advice() == RegionAdvice.POPULATE_WRITE;
        List<OracleCell> cells = memory.cells(advise);
        boolean permitted =
                cells.stream().allMatch(cell -> write ? cell.isWritable() : cell.isReadable());
        boolean excused =
                rules.failing()
                        && result.equals("-EFAULT")
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
        });
        return OK;
    }

    String fork() {
        memory.fork();
        return OK;
    }

    String endFork() {
        memory.endFork();
        return "exit=0";
    }
}
