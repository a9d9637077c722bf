package farpage.emulator.workload;

import farpage.emulator.trace.AccessBatch;
import farpage.emulator.trace.AccessKind;
import farpage.mm.CpuAccess;
import farpage.mm.Mm;
import farpage.mm.fault.FaultResult;
import farpage.opencl.kernel.AccessContents;

/// The CPU as it runs a program: it loads and stores through the page table, and checks each load
/// against the shadow.
///
/// @kernel arch/x86/mm/fault.c
final class CpuAgent {
    private final CpuAccess cpu;
    private final ProgramMemory memory;
    private final Shadow shadow;
    private final long seed;
    private long loadsVerified;

    CpuAgent(Mm mm, ProgramMemory memory, Shadow shadow, long seed) {
        this.cpu = new CpuAccess(mm);
        this.memory = memory;
        this.shadow = shadow;
        this.seed = seed;
    }

    long loadsVerified() {
        return loadsVerified;
    }

    /// Faults taken for accesses to memory that was mapped.
    long faultCount() {
        return cpu.faultCount();
    }

    /// Executes accesses that lie within one page each.
    ///
    /// @throws DataMismatchException if a load sees anything but what the program must see
    void execute(AccessBatch accesses) {
        long[] address = accesses.address();
        int[] size = accesses.size();
        byte[] kind = accesses.kind();
        long[] sequence = accesses.sequence();
        for (int i = 0; i < accesses.count(); i++) {
            memory.map(address[i]);
            long offset = begin(address[i], AccessKind.writes(kind[i]));
            boolean right = true;
            switch (kind[i]) {
                case AccessKind.STORE -> {
                    AccessContents.store(cpu.memory(), offset, size[i], sequence[i], seed);
                    cpu.end();
                    shadow.store(address[i], size[i], sequence[i]);
                }
                case AccessKind.MODIFY -> {
                    long seen =
                            AccessContents.modify(cpu.memory(), offset, size[i], sequence[i], seed);
                    cpu.end();
                    right = seen == shadow.loadHash(address[i], size[i]);
                    shadow.modify(address[i], size[i], sequence[i]);
                    loadsVerified++;
                }
                default -> {
                    right = shadow.findDifference(address[i], size[i], cpu.memory(), offset) < 0;
                    cpu.end();
                    loadsVerified++;
                }
            }
            if (!right) {
                throw new DataMismatchException("the CPU", accesses.describe(i));
            }
        }
    }

    /// Reads one page whole, where it is, bringing it back from the device if need be.
    ///
    /// @return whether it holds what the program left there
    boolean verifyPage(long pageAddress, int pageSize) {
        long offset = begin(pageAddress, false);
        boolean right = shadow.findDifference(pageAddress, pageSize, cpu.memory(), offset) < 0;
        cpu.end();
        return right;
    }

    /// Adds a page, as the CPU sees it, to a digest of memory.
    void addToDigest(MemoryDigest digest, long pageNumber, long pageAddress) {
        long offset = begin(pageAddress, false);
        digest.add(pageNumber, cpu.memory(), offset);
        cpu.end();
    }

    private long begin(long address, boolean write) {
        long offset = cpu.begin(address, write);
        if (offset < 0) {
            throw failure(address, cpu.fault());
        }
        return offset;
    }

    private static RuntimeException failure(long address, FaultResult fault) {
        return switch (fault) {
            case OUT_OF_MEMORY -> throw new OutOfMemoryError("the machine's RAM is full");
            case SIGBUS, HWPOISON ->
                    new WorkloadException(
                            WorkloadException.Reason.COPY_FAILED,
                            String.format(
                                    "address %x: its page could not be copied back from the"
                                            + " device; it is still there",
                                    address));
            case SIGSEGV, HANDLED, RETRY, FALLBACK -> throw new AssertionError(fault);
        };
    }
}
