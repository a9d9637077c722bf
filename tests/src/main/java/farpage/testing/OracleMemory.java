package farpage.testing;

import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The pages of each process, by region and index. The process that runs is the last one.
///
/// @kernel none
final class OracleMemory {
    /// Pages of the largest folio there can be.
    static final int LARGEST_FOLIO = 512;

    private final Deque<Map<String, List<@Nullable OracleCell>>> processes = new ArrayDeque<>();

    /// The files of each process, by the region that they were mapped at last, but for those that
    /// were mapped privately.
    private final Deque<Map<String, OracleFile>> files = new ArrayDeque<>();

    /// Whether pages of files move to devices.
    private final boolean movesFiles;

    private boolean allMayBeLarge;

    OracleMemory(boolean movesFiles) {
        this.movesFiles = movesFiles;
        files.addLast(new HashMap<>());
        processes.addLast(new LinkedHashMap<>());
    }

    private List<@Nullable OracleCell> region(String name) {
        return processes.getLast().computeIfAbsent(name, _ -> new ArrayList<>());
    }

    @Nullable OracleCell lookup(String name, int page) {
        List<@Nullable OracleCell> region = region(name);
        return page < region.size() ? region.get(page) : null;
    }

    @Nullable OracleCell lookup(KernelOperation.OnPages one) {
        return lookup(one.region(), one.startPage());
    }

    void put(String name, int page, @Nullable OracleCell cell) {
        List<@Nullable OracleCell> region = region(name);
        while (region.size() <= page) {
            region.add(null);
        }
        region.set(page, cell);
    }

    void map(String name, int pageCount, RegionKind kind) {
        Map<String, OracleFile> open = files.getLast();
        boolean isFile = kind == RegionKind.MEMFD_SHARED || kind == RegionKind.FILE_SHARED;
        OracleFile file = new OracleFile(kind == RegionKind.FILE_SHARED, isFile ? pageCount : 0);
        if (isFile) {
            open.put(name, file);
        } else {
            open.remove(name);
        }
        for (int page = 0; page < pageCount; page++) {
            OracleCell cell = isFile ? new OracleCell(kind, file.page(page)) : new OracleCell(kind);
            cell.mayBeLarge = allMayBeLarge && kind == RegionKind.PRIVATE;
            put(name, page, cell);
        }
    }

    /// Large folios come without advice from now on.
    void makeLargeAlways() {
        allMayBeLarge = true;
        forEachOfAll(cell -> cell.mayBeLarge |= cell.kind == RegionKind.PRIVATE);
    }

    /// Every page of a range, null where nothing is mapped.
    List<@Nullable OracleCell> all(KernelOperation.OnPages range) {
        List<@Nullable OracleCell> region = region(range.region());
        List<@Nullable OracleCell> cells = new ArrayList<>(range.pageCount());
        for (int i = 0; i < range.pageCount(); i++) {
            int page = range.startPage() + i;
            cells.add(page < region.size() ? region.get(page) : null);
        }
        return cells;
    }

    /// The pages of a range up to the first that is not mapped.
    List<OracleCell> cells(KernelOperation.OnPages range) {
        List<OracleCell> cells = new ArrayList<>(range.pageCount());
        for (OracleCell cell : all(range)) {
            if (cell == null) {
                break;
            }
            cells.add(cell);
        }
        return cells;
    }

    /// The pages behind one of a region, itself included.
    void forEachFrom(String name, int page, Consumer<OracleCell> action) {
        List<@Nullable OracleCell> region = region(name);
        for (int i = page; i < region.size(); i++) {
            OracleCell cell = region.get(i);
            if (cell != null) {
                action.accept(cell);
            }
        }
    }

    /// The pages of a range, and those so near to it that one folio may have pages of both.
    void forEachNear(KernelOperation.OnPages range, Consumer<OracleCell> action) {
        List<@Nullable OracleCell> region = region(range.region());
        int start = Math.max(0, range.startPage() - LARGEST_FOLIO + 1);
        int end = range.startPage() + range.pageCount() + LARGEST_FOLIO - 1;
        for (int page = start; page < Math.min(end, region.size()); page++) {
            OracleCell cell = region.get(page);
            if (cell != null) {
                action.accept(cell);
            }
        }
    }

    /// Whether any page of any process is so.
    boolean isAnyOfAll(Predicate<OracleCell> condition) {
        for (Map<String, List<@Nullable OracleCell>> process : processes) {
            for (List<@Nullable OracleCell> region : process.values()) {
                for (OracleCell cell : region) {
                    if (cell != null && condition.test(cell)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /// Something about one page of the process that runs.
    @FunctionalInterface
    interface PageAction {
        void at(String region, int page, OracleCell cell);
    }

    void forEach(PageAction action) {
        processes
                .getLast()
                .forEach((name, region) -> {
                    for (int page = 0; page < region.size(); page++) {
                        OracleCell cell = region.get(page);
                        if (cell != null) {
                            action.at(name, page, cell);
                        }
                    }
                });
    }

    /// The pages of all processes.
    void forEachOfAll(Consumer<OracleCell> action) {
        for (Map<String, List<@Nullable OracleCell>> process : processes) {
            for (List<@Nullable OracleCell> region : process.values()) {
                for (OracleCell cell : region) {
                    if (cell != null) {
                        action.accept(cell);
                    }
                }
            }
        }
    }

    void fork() {
        Map<String, List<@Nullable OracleCell>> child = new LinkedHashMap<>();
        processes
                .getLast()
                .forEach((name, region) -> {
                    List<@Nullable OracleCell> copy = new ArrayList<>(region.size());
                    for (OracleCell cell : region) {
                        copy.add(cell == null || cell.dontFork ? null : new OracleCell(cell));
                    }
                    child.put(name, copy);
                });
        processes.addLast(child);
        files.addLast(new HashMap<>(files.getLast()));
    }

    /// The file of a region; null if what was mapped there is none, or private.
    @Nullable OracleFile lookupFile(String name) {
        return files.getLast().get(name);
    }

    /// A page that both still shared may have been moved by the child.
    void endFork() {
        processes.removeLast();
        files.removeLast();
        forEach((_, _, cell) -> cell.losePlace(movesFiles));
    }
}
