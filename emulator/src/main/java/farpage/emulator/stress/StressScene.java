package farpage.emulator.stress;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.MemoryDigest;
import farpage.mm.Check;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.file.FileBackedMode;
import farpage.mm.file.OpenFile;
import farpage.mm.hugememory.HugePages;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One process on all devices of an emulator, with the agents that work in it, and the account at
/// the end.
///
/// @kernel none
public final class StressScene implements AutoCloseable {
    /// Where the memory is mapped: 2 MiB begin there.
    private static final long ADDRESS = 1L << 32;

    private final Emulator emulator;
    private final long seed;
    private final Arena arena = Arena.ofShared();
    private final Mm process;
    private final StressMemory memory;

    /// Whose memory it is, on disk; null if no file's.
    private final @Nullable OpenFile file;

    private final List<Dmirror> files;
    private final List<StressAgent> agents = new ArrayList<>();

    /// How much of everything there is.
    ///
    /// @param cpuCount threads that work with the CPU; each device has one more
    /// @param pagesEach private pages of each agent
    /// @param sharedPages pages whose words belong to different CPUs
    /// @param even whether every agent does everything equally often
    /// @kernel none
    public record Sizes(int cpuCount, int pagesEach, int sharedPages, boolean even) {
        /// For long runs.
        public static Sizes ofRun(int cpuCount) {
            return new Sizes(cpuCount, 160, 64, false);
        }
    }

    /// Maps the memory and opens the devices.
    public StressScene(Emulator emulator, Sizes sizes, long seed) {
        this.emulator = emulator;
        this.seed = seed;
        this.process = emulator.newProcess();
        List<EmulatedDevice> devices = emulator.devices();
        int agentCount = sizes.cpuCount() + devices.size();
        int pageCount = StressMemory.pageCount(agentCount, sizes.pagesEach(), sizes.sharedPages());
        useLargeFolios(emulator);
        long size = PageSize.pageAddress(pageCount);
        this.file = emulator.config().fileBacked() == FileBackedMode.OFF ? null : newFile(size);
        Errno mapped =
                file == null
                        ? process.mmapFixed(ADDRESS, size, StressAgent.READ_WRITE)
                        : process.mmapFixed(ADDRESS, size, StressAgent.SHARED, file, 0);
        Check.that(mapped.isOk(), "no room for " + pageCount + " pages");
        this.memory =
                new StressMemory(
                        ADDRESS,
                        agentCount,
                        sizes.cpuCount(),
                        sizes.pagesEach(),
                        sizes.sharedPages());
        this.files = devices.stream().map(device -> device.open(process)).toList();
        boolean joins = emulator.config().collapses();
        for (int number = 0; number < agentCount; number++) {
            boolean isCpu = number < sizes.cpuCount();
            StressMix mix =
                    sizes.even()
                            ? StressMix.even(file != null, joins)
                            : isCpu ? StressMix.ofCpu(file != null) : StressMix.ofDevice(joins);
            agents.add(
                    new StressAgent(
                            isCpu ? "cpu-" + number : "device-" + (number - sizes.cpuCount()),
                            number,
                            memory,
                            process,
                            file,
                            devices,
                            files,
                            mix,
                            seed,
                            arena));
        }
    }

    /// A temporary file of the host, whose name is gone already.
    private OpenFile newFile(long size) {
        try {
            Path path = Files.createTempFile("farpage-stress", "");
            try {
                OpenFile opened = emulator.machine().files().open(path, true);
                Check.that(opened.truncate(size).isOk(), "a temporary file could not be made long");
                return opened;
            } finally {
                Files.delete(path);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("a temporary file", failure);
        }
    }

    /// Of every order that the devices may have.
    private static void useLargeFolios(Emulator emulator) {
        FolioOrders orders = emulator.config().orders();
        for (int order = FolioTable.LARGE_ORDER_MIN; order <= FolioOrders.MAX_ORDER; order++) {
            if (orders.contains(order)) {
                emulator.machine().hugePages().setEnabled(order, HugePages.Enabled.ALWAYS);
            }
        }
    }

    /// The CPUs first, then the devices.
    public List<Agent> agents() {
        return List.copyOf(agents);
    }

    /// Operations done so far, by kind.
    public Map<StressOperation, Long> counts() {
        Map<StressOperation, Long> counts = new EnumMap<>(StressOperation.class);
        for (StressOperation operation : StressOperation.values()) {
            long count = 0;
            for (StressAgent agent : agents) {
                count += agent.count(operation);
            }
            counts.put(operation, count);
        }
        return counts;
    }

    /// When all agents have finished: every word is what its owner stored last, and all invariants
    /// hold.
    ///
    /// @param nanos how long the agents worked
    /// @throws DataMismatchException if a word differs
    public StressResult verify(long nanos) {
        EmulatorInvariants.assertHold(emulator);
        CpuAccess cpu = new CpuAccess(process);
        MemoryDigest digest = new MemoryDigest();
        MemorySegment page = arena.allocate(PageSize.PAGE_SIZE, Long.BYTES);
        long words = 0;
        for (int number = 0; number < memory.pageCount(); number++) {
            Check.that(
                    !cpu.read(memory.address(number), page).isError(),
                    "a mapped page could not be read");
            for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
                long seen = page.getAtIndex(ValueLayout.JAVA_LONG, word);
                long expected = memory.expected(number, word);
                if (seen != expected || seen != StressAgent.lastValue(seed, number, word)) {
                    throw DataMismatchException.at(
                            "the last check", memory.address(number, word), expected, seen);
                }
                words++;
            }
            digest.add(number, page, 0);
        }
        verifyFile();
        EmulatorInvariants.assertHold(emulator);
        return new StressResult(counts(), nanos, words, digest.value());
    }

    /// The file has the same bytes, and can be written back.
    private void verifyFile() {
        if (file == null) {
            return;
        }
        Check.that(file.fsync().isOk(), "the file could not be written back");
        MemorySegment page = arena.allocate(PageSize.PAGE_SIZE, Long.BYTES);
        for (int number = 0; number < memory.pageCount(); number++) {
            long read = file.read(page, PageSize.pageAddress(number));
            Check.that(read == PageSize.PAGE_SIZE, "a page of the file could not be read");
            for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
                long seen = page.getAtIndex(ValueLayout.JAVA_LONG, word);
                if (seen != memory.expected(number, word)) {
                    throw DataMismatchException.at(
                            "the file",
                            memory.address(number),
                            memory.expected(number, word),
                            seen);
                }
            }
        }
    }

    /// Ends the process, which gives all pages back.
    @Override
    public void close() {
        files.forEach(Dmirror::close);
        process.exit();
        if (file != null) {
            file.close();
        }
        arena.close();
    }
}
