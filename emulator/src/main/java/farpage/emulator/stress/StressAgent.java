package farpage.emulator.stress;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.Advice;
import farpage.mm.Check;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.OpenFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// One CPU thread or one device's thread of a process. It changes only the words that it owns, and
/// checks all of them that it sees; pages it moves, whoever owns them.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: migrate_multiple, anon_read, anon_write
final class StressAgent implements Agent {
    static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;
    static final int SHARED = READ_WRITE | VmFlags.SHARED;

    /// Words of one step of the CPU.
    private static final int BURST = 16;

    /// The most pages of one migration.
    private static final int RANGE_PAGES = 48;

    /// How often an access that others may thwart is tried.
    private static final int ATTEMPTS = 10_000;

    private final String name;
    private final int number;
    private final StressMemory memory;
    private final Mm process;
    private final @Nullable OpenFile mapped;
    private final List<EmulatedDevice> devices;
    private final List<Dmirror> files;
    private final SplittableRandom random;
    private final long lastSeed;
    private final CpuAccess cpu;
    private final StressMix mix;
    private final MemorySegment onePage;
    private final MemorySegment range;
    private final AtomicLongArray counts = new AtomicLongArray(StressOperation.values().length);

    /// @param mapped the file whose memory it is; null if it is no file's
    /// @param files the process's own, by device
    /// @param arena that its buffers are made in
    StressAgent(
            String name,
            int number,
            StressMemory memory,
            Mm process,
            @Nullable OpenFile mapped,
            List<EmulatedDevice> devices,
            List<Dmirror> files,
            StressMix mix,
            long seed,
            Arena arena) {
        this.name = name;
        this.number = number;
        this.memory = memory;
        this.process = process;
        this.mapped = mapped;
        this.devices = devices;
        this.files = files;
        this.mix = mix;
        this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number);
        this.lastSeed = seed;
        this.cpu = new CpuAccess(process);
        this.onePage = arena.allocate(PageSize.PAGE_SIZE, Long.BYTES);
        this.range = arena.allocate(PageSize.pageAddress(RANGE_PAGES), Long.BYTES);
    }

    @Override
    public String name() {
        return name;
    }

    /// Operations of a kind so far, for any thread.
    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    long count(StressOperation operation) {
        return counts.get(operation.ordinal());
    }

    @Override
    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    public void step() {
        StressOperation operation = mix.draw(random);
        switch (operation) {
            case LOAD -> loadSome();
            case STORE -> storeSome();
            case DEVICE_READ -> deviceReads(file(), anyPage());
            case DEVICE_WRITE -> deviceWrites(file(), ownPage());
            case MIGRATE_TO_DEVICE -> migrateToDevice(file());
            case MIGRATE_TO_SYSTEM -> migrateToSystem(file());
            case SNAPSHOT -> snapshot(file());
            case RELEASE ->
                    requireOk(
                            "release",
                            file().execute(new DmirrorCommand.Release(memory.address(0), 1))
                                    .errno());
            case REMAP -> remap(ownPage());
            case PROTECT -> protect(ownPage());
            case FORK -> fork();
            case MIGRATE_HUGE -> migrateHuge(file());
            case COLLAPSE -> collapse();
            case COMPACT -> devices.get(random.nextInt(devices.size())).compactIfFragmented();
            case FILE_READ -> fileReads(openFile(), anyPage());
            case FILE_WRITE -> fileWrites(openFile(), ownPage());
            case SYNC -> requireOk("fsync", openFile().fsync());
            case JOIN -> join(file());
        }
        counts.lazySet(operation.ordinal(), counts.getPlain(operation.ordinal()) + 1);
    }

    /// Stores in every word that it owns what follows from the seed alone.
    @Override
    public void finish() {
        for (int page = 0; page < memory.pageCount(); page++) {
            for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
                if (memory.isOwner(number, page, word)) {
                    store(page, word, lastValue(lastSeed, page, word));
                }
            }
        }
    }

    /// What a word contains when all is over.
    static long lastValue(long seed, int page, int word) {
        return new SplittableRandom(seed ^ (long) page << 20 ^ word).nextLong();
    }

    // What it draws.

    private Dmirror file() {
        return files.get(random.nextInt(files.size()));
    }

    private int ownPage() {
        return memory.privatePage(number, random.nextInt(memory.privatePagesEach()));
    }

    private int anyPage() {
        return memory.sharedPageCount() > 0 && random.nextInt(4) == 0
                ? memory.sharedPage(random.nextInt(memory.sharedPageCount()))
                : ownPage();
    }

    /// A page of which the agent owns words, and one of these.
    private void atOwnWord(WordAction action) {
        int page = anyPage();
        int word = random.nextInt(StressMemory.WORDS_PER_PAGE);
        if (!memory.isOwner(number, page, word)) {
            page = ownPage();
        }
        action.at(page, word);
    }

    @FunctionalInterface
    private interface WordAction {
        void at(int page, int word);
    }

    // The CPU.

    private void loadSome() {
        for (int i = 0; i < BURST; i++) {
            atOwnWord((page, word) -> loads(cpu, page, word));
        }
    }

    private void storeSome() {
        for (int i = 0; i < BURST; i++) {
            atOwnWord((page, word) -> store(page, word, random.nextLong()));
        }
    }

    private void store(int page, int word, long value) {
        store(cpu, page, word, value);
    }

    private void store(CpuAccess writer, int page, int word, long value) {
        long offset = writer.begin(memory.address(page, word), true);
        requireHandled("a store", offset, writer);
        writer.memory().set(ValueLayout.JAVA_LONG, offset, value);
        writer.end();
        memory.setExpected(page, word, value);
    }

    private void loads(CpuAccess reader, int page, int word) {
        long offset = reader.begin(memory.address(page, word), false);
        requireHandled("a load", offset, reader);
        long seen = reader.memory().get(ValueLayout.JAVA_LONG, offset);
        reader.end();
        check(reader == cpu ? "the CPU" : "a child", page, word, seen);
    }

    private void check(String who, int page, int word, long seen) {
        if (seen != memory.expected(page, word)) {
            throw DataMismatchException.at(
                    who, memory.address(page, word), memory.expected(page, word), seen);
        }
    }

    private static void requireHandled(String what, long offset, CpuAccess used) {
        if (offset >= 0) {
            return;
        }
        if (used.fault() == FaultResult.SIGBUS) {
            throw copyFailed(what);
        }
        throw Check.broken(what + " of a mapped page ended in " + used.fault());
    }

    // Devices.

    private static WorkloadException copyFailed(String what) {
        return new WorkloadException(
                WorkloadException.Reason.COPY_FAILED,
                what + ": the device could not copy pages; right would be a device that works");
    }

    private static void requireOk(String what, Errno errno) {
        if (errno == Errno.EIO) {
            throw copyFailed(what);
        }
        if (!errno.isOk()) {
            throw Check.broken(what + " answered " + errno);
        }
    }

    /// The address range changes all the time, so a device may find no quiet moment for a while.
    private static DmirrorReply execute(Dmirror file, DmirrorCommand command) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            DmirrorReply reply = file.execute(command);
            if (reply.errno() != Errno.EBUSY) {
                return reply;
            }
        }
        throw Check.broken(command + " was busy " + ATTEMPTS + " times");
    }

    private void deviceReads(Dmirror file, int page) {
        DmirrorCommand read = new DmirrorCommand.Read(memory.address(page), 1, onePage);
        requireOk("a device's read", execute(file, read).errno());
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
            if (memory.isOwner(number, page, word)) {
                check("a device", page, word, onePage.getAtIndex(ValueLayout.JAVA_LONG, word));
            }
        }
    }

    /// A page that is on the device without the right to store stays so until a CPU stores to it.
    private void deviceWrites(Dmirror file, int page) {
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
            onePage.setAtIndex(ValueLayout.JAVA_LONG, word, random.nextLong());
        }
        DmirrorCommand write = new DmirrorCommand.Write(memory.address(page), 1, onePage);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Errno errno = execute(file, write).errno();
            if (errno == Errno.EFAULT) {
                store(page, 0, random.nextLong());
                continue;
            }
            requireOk("a device's write", errno);
            for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
                memory.setExpected(page, word, onePage.getAtIndex(ValueLayout.JAVA_LONG, word));
            }
            return;
        }
        throw Check.broken("a device could not write a page " + ATTEMPTS + " times");
    }

    private int rangeStart() {
        return random.nextInt(memory.pageCount());
    }

    private int rangeLength(int start) {
        return 1 + random.nextInt(Math.min(RANGE_PAGES, memory.pageCount() - start));
    }

    private void migrateToDevice(Dmirror file) {
        int start = rangeStart();
        int count = rangeLength(start);
        requireMigrated(
                file.execute(
                        new DmirrorCommand.MigrateToDevice(memory.address(start), count, range)));
    }

    private void migrateToSystem(Dmirror file) {
        int start = rangeStart();
        int count = rangeLength(start);
        requireMigrated(
                file.execute(new DmirrorCommand.MigrateToSystem(memory.address(start), count)));
    }

    /// From a boundary of 2 MiB on, as far as the memory goes.
    private long hugeStart() {
        return PageSize.alignDownPmd(memory.address(rangeStart()));
    }

    private void migrateHuge(Dmirror file) {
        long start = hugeStart();
        long end = Math.min(start + PageSize.PMD_SIZE, memory.address(memory.pageCount()));
        Errno errno = file.migrateToDevice(start, PageSize.pageNumber(end - start)).errno();
        if (errno != Errno.EINVAL) {
            requireOk("a migration of 2 MiB", errno);
        }
    }

    /// Somebody may hold a page of it, have unmapped one, or be faster.
    private void collapse() {
        Errno errno = process.madvise(hugeStart(), PageSize.PMD_SIZE, Advice.COLLAPSE);
        switch (errno) {
            case EINVAL, EAGAIN, EBUSY, ENOMEM, EFAULT -> {}
            default -> requireOk("a collapse", errno);
        }
    }

    /// A page may be unmapped at the moment, and one that migrated may have been taken away again.
    private static void requireMigrated(DmirrorReply reply) {
        Errno errno = reply.errno();
        if (errno != Errno.EINVAL && errno != Errno.ENOENT) {
            requireOk("a migration", errno);
        }
    }

    private void snapshot(Dmirror file) {
        int start = rangeStart();
        int count = rangeLength(start);
        DmirrorCommand command = new DmirrorCommand.Snapshot(memory.address(start), count, onePage);
        requireOk("a snapshot", execute(file, command).errno());
    }

    /// All base pages of 2 MiB must be on the device for it, and nobody may hold one.
    private void join(Dmirror file) {
        Errno errno = file.collapse(hugeStart(), StressMemory.HUGE_PAGES).errno();
        if (errno != Errno.EINVAL) {
            requireOk("a join", errno);
        }
    }

    // Calls for the file.

    private OpenFile openFile() {
        return Objects.requireNonNull(mapped);
    }

    private void fileReads(OpenFile file, int page) {
        long bytes = file.read(onePage, memory.offset(page));
        requireWhole("a read of the file", bytes);
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
            if (memory.isOwner(number, page, word)) {
                check("a reader", page, word, onePage.getAtIndex(ValueLayout.JAVA_LONG, word));
            }
        }
    }

    private void fileWrites(OpenFile file, int page) {
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
            onePage.setAtIndex(ValueLayout.JAVA_LONG, word, random.nextLong());
        }
        requireWhole("a write of the file", file.write(onePage, memory.offset(page)));
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
            memory.setExpected(page, word, onePage.getAtIndex(ValueLayout.JAVA_LONG, word));
        }
    }

    private static void requireWhole(String what, long bytes) {
        if (bytes == -Errno.EIO.number()) {
            throw copyFailed(what);
        }
        Check.that(bytes == PageSize.PAGE_SIZE, what + " answered " + bytes);
    }

    // Calls of the process.

    private void remap(int page) {
        long address = memory.address(page);
        requireOk("munmap", process.munmap(address, PageSize.PAGE_SIZE));
        if (mapped != null) {
            requireOk("a hole", mapped.punchHole(memory.offset(page), PageSize.PAGE_SIZE));
        }
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word++) {
            memory.setExpected(page, word, 0);
        }
        requireSegv(cpu.begin(address, random.nextBoolean()), "an access to an unmapped page");
        Errno errno = execute(file(), new DmirrorCommand.Read(address, 1, onePage)).errno();
        Check.that(errno == Errno.EFAULT, "a device read an unmapped page");
        requireOk(
                "mmap",
                mapped == null
                        ? process.mmapFixed(address, PageSize.PAGE_SIZE, READ_WRITE)
                        : process.mmapFixed(
                                address, PageSize.PAGE_SIZE, SHARED, mapped, memory.offset(page)));
    }

    private void requireSegv(long offset, String what) {
        if (offset >= 0) {
            cpu.end();
            throw Check.broken(what + " succeeded");
        }
        Check.that(cpu.fault() == FaultResult.SIGSEGV, what + " ended otherwise than in SIGSEGV");
    }

    private void protect(int page) {
        long address = memory.address(page);
        int word = random.nextInt(StressMemory.WORDS_PER_PAGE);
        requireOk("mprotect", process.mprotect(address, PageSize.PAGE_SIZE, VmFlags.READ));
        requireSegv(cpu.begin(address, true), "a store to a read-only page");
        Errno errno = execute(file(), new DmirrorCommand.Write(address, 1, onePage)).errno();
        Check.that(
                errno == Errno.EFAULT || errno == Errno.EPERM,
                "a device wrote to a read-only page");
        loads(cpu, page, word);
        requireOk("mprotect", process.mprotect(address, PageSize.PAGE_SIZE, READ_WRITE));
    }

    /// The child sees what the parent had; what it stores the parent sees where it is a file's, and
    /// else never.
    private void fork() {
        Mm child = process.fork();
        CpuAccess childCpu = new CpuAccess(child);
        if (mapped != null) {
            forkOnFile(child, childCpu);
            child.exit();
            return;
        }
        int first = ownPage();
        int second = anyPage();
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word += BURST) {
            if (memory.isOwner(number, first, word)) {
                loads(childCpu, first, word);
            }
        }
        long address = memory.address(first);
        requireHandled("a child's store", childCpu.begin(address, true), childCpu);
        childCpu.end();
        EmulatedDevice device = devices.get(random.nextInt(devices.size()));
        try (Dmirror file = device.open(child)) {
            onePage.fill((byte) 0x5a);
            requireMigrated(
                    file.execute(
                            new DmirrorCommand.MigrateToDevice(memory.address(second), 1, range)));
            Errno errno =
                    execute(file, new DmirrorCommand.Write(memory.address(second), 1, onePage))
                            .errno();
            if (errno != Errno.EFAULT) {
                requireOk("a child's write by a device", errno);
            }
        }
        child.exit();
    }

    private void forkOnFile(Mm child, CpuAccess childCpu) {
        int page = ownPage();
        for (int word = 0; word < StressMemory.WORDS_PER_PAGE; word += BURST) {
            loads(childCpu, page, word);
        }
        int stored = random.nextInt(StressMemory.WORDS_PER_PAGE);
        store(childCpu, page, stored, random.nextLong());
        loads(cpu, page, stored);
        EmulatedDevice device = devices.get(random.nextInt(devices.size()));
        try (Dmirror file = device.open(child)) {
            requireMigrated(
                    file.execute(
                            new DmirrorCommand.MigrateToDevice(memory.address(page), 1, range)));
            deviceReads(file, page);
            deviceWrites(file, page);
        }
        loads(cpu, page, stored);
    }
}
