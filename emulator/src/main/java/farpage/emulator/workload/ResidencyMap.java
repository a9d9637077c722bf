package farpage.emulator.workload;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// Where the pages of a program were over time, in a form that stays small however long it runs.
///
/// The address space is cut into blocks of pages and time into columns. When there are too many
/// blocks, neighbours are joined and blocks get twice as large; when there are too many columns,
/// pairs of them are joined. So a short program is seen page by page and a long one from afar, in
/// the same memory.
///
/// One thread uses it: [#beginSample], then [#add] for every page that is somewhere, ascending or
/// not, and again.
///
/// @kernel mm/damon: regions × time, with a bounded number of regions
public final class ResidencyMap {
    /// Where a page is.
    public enum Place {
        /// In the host's memory.
        SYSTEM,
        /// In a device's memory.
        DEVICE
    }

    /// One row of the picture: pages of neighbouring blocks, averaged over the samples of a column.
    ///
    /// @kernel mm/damon: `struct damon_region`
    public static final class Row {
        private final long startPage;
        private final long endPage;
        private final long pageCount;
        private final double[] system;
        private final double[] device;

        private Row(long startPage, long endPage, long pageCount, int columnCount) {
            this.startPage = startPage;
            this.endPage = endPage;
            this.pageCount = pageCount;
            this.system = new double[columnCount];
            this.device = new double[columnCount];
        }

        /// Number of its first page.
        public long startPage() {
            return startPage;
        }

        /// Number of the page after its last.
        public long endPage() {
            return endPage;
        }

        /// Pages of its blocks, without the gaps between them.
        public long pageCount() {
            return pageCount;
        }

        /// Its columns.
        public int columnCount() {
            return system.length;
        }

        /// Pages in system memory.
        public double system(int column) {
            return system[column];
        }

        /// Pages on a device.
        public double device(int column) {
            return device[column];
        }
    }

    private static final class Block {
        final long[] system;
        final long[] device;

        Block(int columnCountMax) {
            system = new long[columnCountMax];
            device = new long[columnCountMax];
        }
    }

    private static final long GROUP_GAP_PAGES = 1 << 16;

    private final int columnCountMax;
    private final int blockCountMax;
    private final long[] columnSamples;
    private TreeMap<Long, Block> blocks = new TreeMap<>();
    private int blockShift;
    private int columnCount;
    private int samplesPerColumn = 1;

    private long lastKey = -1;
    private Block lastBlock;

    /// @param columnCountMax the most columns of the picture, an even number
    /// @param blockCountMax the most blocks that are told apart
    public ResidencyMap(int columnCountMax, int blockCountMax) {
        if (columnCountMax < 2 || columnCountMax % 2 != 0) {
            throw new IllegalArgumentException(
                    "column count: value=" + columnCountMax + ", limit=even, 2 or more");
        }
        if (blockCountMax < 1) {
            throw new IllegalArgumentException("block count: value=" + blockCountMax + ", limit=1");
        }
        this.columnCountMax = columnCountMax;
        this.blockCountMax = blockCountMax;
        this.columnSamples = new long[columnCountMax];
        this.lastBlock = new Block(columnCountMax);
    }

    /// Columns that hold samples.
    public int columnCount() {
        return columnCount;
    }

    /// Pages in a block now.
    public long blockPages() {
        return 1L << blockShift;
    }

    /// Starts the next sample.
    public void beginSample() {
        boolean currentIsFull =
                columnCount == 0 || columnSamples[columnCount - 1] == samplesPerColumn;
        if (currentIsFull && columnCount == columnCountMax) {
            joinColumns();
        }
        if (currentIsFull) {
            columnCount++;
        }
        columnSamples[columnCount - 1]++;
    }

    /// Says where a page is in this sample.
    public void add(long pageNumber, Place place) {
        if (columnCount == 0) {
            throw new IllegalStateException("no sample was begun");
        }
        Block block = blockOf(pageNumber >>> blockShift);
        switch (place) {
            case SYSTEM -> block.system[columnCount - 1]++;
            case DEVICE -> block.device[columnCount - 1]++;
        }
    }

    private Block blockOf(long key) {
        if (key != lastKey) {
            lastBlock = blocks.computeIfAbsent(key, _ -> new Block(columnCountMax));
            lastKey = key;
            if (blocks.size() > blockCountMax) {
                joinBlocks();
            }
        }
        return lastBlock;
    }

    private void joinColumns() {
        for (int column = 0; column < columnCountMax / 2; column++) {
            columnSamples[column] = columnSamples[2 * column] + columnSamples[2 * column + 1];
        }
        for (Block block : blocks.values()) {
            joinPairs(block.system);
            joinPairs(block.device);
        }
        columnCount = columnCountMax / 2;
        for (int column = columnCount; column < columnCountMax; column++) {
            columnSamples[column] = 0;
        }
        samplesPerColumn *= 2;
    }

    private static void joinPairs(long[] counts) {
        int half = counts.length / 2;
        for (int column = 0; column < half; column++) {
            counts[column] = counts[2 * column] + counts[2 * column + 1];
        }
        for (int column = half; column < counts.length; column++) {
            counts[column] = 0;
        }
    }

    private void joinBlocks() {
        long page = lastKey << blockShift;
        while (blocks.size() > blockCountMax) {
            TreeMap<Long, Block> joined = new TreeMap<>();
            for (Map.Entry<Long, Block> entry : blocks.entrySet()) {
                Block target =
                        joined.computeIfAbsent(entry.getKey() >> 1, _ -> new Block(columnCountMax));
                addAll(target.system, entry.getValue().system);
                addAll(target.device, entry.getValue().device);
            }
            blocks = joined;
            blockShift++;
        }
        lastKey = page >>> blockShift;
        lastBlock = blocks.computeIfAbsent(lastKey, _ -> new Block(columnCountMax));
    }

    private static void addAll(long[] target, long[] source) {
        for (int column = 0; column < target.length; column++) {
            target[column] += source[column];
        }
    }

    /// The picture in at most about `rowCountMax` rows, by ascending address.
    ///
    /// Parts of the address space that lie far apart (program, heap, libraries, stack) never share
    /// a row, so there may be a few rows more.
    public List<Row> rows(int rowCountMax) {
        List<List<Long>> groups = groups();
        int blockCount = blocks.size();
        List<Row> rows = new ArrayList<>();
        for (List<Long> group : groups) {
            long share = Math.round((double) rowCountMax * group.size() / blockCount);
            int rowCount = Math.clamp(share, 1, group.size());
            for (int row = 0; row < rowCount; row++) {
                int from = (int) ((long) group.size() * row / rowCount);
                int to = (int) ((long) group.size() * (row + 1) / rowCount);
                rows.add(row(group.subList(from, to)));
            }
        }
        return rows;
    }

    private List<List<Long>> groups() {
        List<List<Long>> groups = new ArrayList<>();
        long previous = Long.MIN_VALUE / 2;
        for (long key : blocks.keySet()) {
            if ((key - previous) << blockShift > GROUP_GAP_PAGES || groups.isEmpty()) {
                groups.add(new ArrayList<>());
            }
            groups.getLast().add(key);
            previous = key;
        }
        return groups;
    }

    private Row row(List<Long> keys) {
        long start = keys.getFirst() << blockShift;
        long end = (keys.getLast() + 1) << blockShift;
        Row row = new Row(start, end, (long) keys.size() << blockShift, columnCount);
        for (long key : keys) {
            Block block = Objects.requireNonNull(blocks.get(key));
            for (int column = 0; column < columnCount; column++) {
                row.system[column] += (double) block.system[column] / columnSamples[column];
                row.device[column] += (double) block.device[column] / columnSamples[column];
            }
        }
        return row;
    }
}
