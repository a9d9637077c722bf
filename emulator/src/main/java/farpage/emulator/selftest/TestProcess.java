package farpage.emulator.selftest;

import static farpage.emulator.selftest.Values.PMD_PAGES;

import farpage.emulator.EmulatedDevice;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.OpenFile;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// A process of a test program: its mappings, its loads and stores, and the device files that it
/// opened itself.
///
/// A thread of the program other than the process's own maps and unmaps, but does not load or
/// store.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c
final class TestProcess {
    static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;
    static final int READ = VmFlags.READ;
    static final int NONE = 0;

    private final TestProgram program;
    private final Mm mm;
    private final CpuAccess cpu;
    private final List<DeviceFile> files = new ArrayList<>();
    private final CompletableFuture<Signal> pending = new CompletableFuture<>();
    private Optional<Running<Boolean>> running = Optional.empty();

    TestProcess(TestProgram program, Mm mm) {
        this.program = program;
        this.mm = mm;
        this.cpu = new CpuAccess(mm);
    }

    Mm mm() {
        return mm;
    }

    /// Memory off the heap that lasts as long as the program.
    MemorySegment allocate(int pageCount) {
        return program.allocate(pageCount);
    }

    /// Opens a device of the machine.
    DeviceFile open(EmulatedDevice device) {
        DeviceFile file = new DeviceFile(device.open(mm));
        files.add(file);
        return file;
    }

    /// Anonymous memory.
    ///
    /// @param flags of access, and SHARED for shared memory
    TestPages map(int pageCount, int flags) {
        return TestPages.of(this, mapAddress(pageCount, flags), pageCount);
    }

    /// The start of a file.
    TestPages map(int pageCount, int flags, OpenFile file) {
        long address = mm.mmap(PageSize.pageAddress(pageCount), flags, file, 0);
        return TestPages.of(this, mapped(address, pageCount), pageCount);
    }

    /// Private anonymous memory to read and write.
    TestPages map(int pageCount) {
        return map(pageCount, READ_WRITE);
    }

    /// Maps without a mirror.
    long mapAddress(int pageCount, int flags) {
        return mapped(mm.mmap(PageSize.pageAddress(pageCount), flags), pageCount);
    }

    private static long mapped(long address, int pageCount) {
        if (address < 0) {
            throw new CaseEnd.Failed("mmap of " + pageCount + " pages failed: " + address);
        }
        return address;
    }

    /// Private anonymous memory, one page table's worth and from the start of one on.
    ///
    /// @param advice whether huge pages may be had
    TestPages mapPmd(int flags, Advice advice) {
        TestPages pages = map(2 * PMD_PAGES, flags).fromPmdStart().part(0, PMD_PAGES);
        pages.advise(advice);
        return pages;
    }

    /// Private memory of huge pages that the machine sets aside for it now.
    TestPages mapHugetlb(int pageCount) {
        int _ = mm.machine().hugetlb().setPageCount(pageCount / PMD_PAGES);
        return map(pageCount, READ_WRITE | VmFlags.HUGETLB);
    }

    void load(long address, MemorySegment to) {
        require(cpu.read(address, to));
    }

    void store(long address, MemorySegment from) {
        require(cpu.write(address, from));
    }

    /// A fault that the process survives, or its end.
    private static void require(FaultResult fault) {
        switch (fault) {
            case HANDLED, RETRY, FALLBACK -> {}
            case SIGSEGV -> throw new CaseEnd.Killed(Signal.SIGSEGV);
            case SIGBUS, HWPOISON -> throw new CaseEnd.Killed(Signal.SIGBUS);
            case OUT_OF_MEMORY -> throw new OutOfMemoryError("the machine's RAM is full");
        }
    }

    /// Closes the device files, as a program does before it exits.
    void closeFiles() {
        files.forEach(DeviceFile::close);
        files.clear();
    }

    void exit() {
        mm.exit();
    }

    // A child's life.

    /// Begins to run; the process exits at the end.
    void start(Runnable body) {
        running = Optional.of(program.start("child " + mm.id(), () -> runToEnd(body)));
    }

    private void runToEnd(Runnable body) {
        try {
            body.run();
        } finally {
            closeFiles();
            exit();
        }
    }

    /// Waits until the process has ended by itself; what failed in it fails here.
    void awaitExit() {
        running.ifPresent(Running::await);
    }

    /// Waits for a signal, which ends the process.
    @SuppressWarnings("DoNotCallSuggester") // it is called to be killed
    void pause() {
        throw new CaseEnd.Killed(pending.join());
    }

    void kill(Signal signal) {
        pending.complete(signal);
    }

    /// Waits until the process has ended, and expects that this signal did it.
    void expectKilledBy(Signal signal) {
        try {
            awaitExit();
        } catch (CaseEnd.Killed killed) {
            Expect.equal(signal, killed.signal(), "WTERMSIG(status)");
            return;
        }
        throw new CaseEnd.Failed("Expected WIFSIGNALED(status), but the child exited");
    }

    /// Ends a child of a program that ends, whatever it does.
    void end() {
        kill(Signal.SIGKILL);
        if (running.isEmpty()) {
            exit();
        } else {
            running.get().awaitEnd();
        }
    }
}
