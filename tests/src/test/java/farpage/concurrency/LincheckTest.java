package farpage.concurrency;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import farpage.mm.Page;
import farpage.mm.lock.LockRank;
import farpage.mm.memory.BuddyAllocator;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.notifier.MmuNotifierSubscriptions;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/// The parts on which everything else relies, under the interleavings that Lincheck tries: each run
/// of two threads must have results that the same calls one after another could have had. Its
/// choices follow from a fixed seed, so a failure comes again, and it prints the interleaving. The
/// property `farpage.scenarios` says how many scenarios are tried, of which there are none without
/// it, since they take minutes; `farpage.interleavings` says how many interleavings of each.
final class LincheckTest {
    /// Scenarios of calls, and interleavings of each.
    private static final int ITERATIONS = Integer.getInteger("farpage.scenarios", 0);

    private static final int INVOCATIONS = Integer.getInteger("farpage.interleavings", 100);

    private static void check(Class<?> subject) {
        assumeTrue(ITERATIONS > 0, "runs with -Dfarpage.scenarios=N");
        new ModelCheckingOptions()
                .iterations(ITERATIONS)
                .invocationsPerIteration(INVOCATIONS)
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(1)
                .actorsAfter(1)
                .check(subject);
    }

    @Test
    void referencesOfAFolioAreCountedAndNoneIsGotOfAFreeOne() {
        check(References.class);
    }

    @Test
    void folioLockHasOneHolder() {
        check(FolioLock.class);
    }

    @Test
    void readerOfTheNotifierSequenceNeverUsesWhatWasInvalidated() {
        check(NotifierSequence.class);
    }

    @Test
    void framesAreGivenOutOnce() {
        check(Frames.class);
    }

    /// References to one folio, of which there are some from the start, and their end.
    public static final class References {
        private static final long PAGE = Page.ofPfn(5);
        private static final int AT_FIRST = 3;
        private final FolioTable folios = new FolioTable(64, 1);

        public References() {
            folios.init(PAGE, 0, 0);
            for (int i = 1; i < AT_FIRST; i++) {
                folios.get(PAGE);
            }
        }

        @Operation
        public boolean tryGet() {
            return folios.tryGet(PAGE);
        }

        @Operation
        public boolean freeze() {
            return folios.freezeReferences(PAGE, AT_FIRST);
        }

        @Operation
        public int count() {
            return folios.refCount(PAGE);
        }
    }

    /// A folio lock that guards a plain number, and flags that change beside it.
    public static final class FolioLock {
        private static final long PAGE = Page.ofPfn(5);
        private static final int FLAG = FolioFlags.DIRTY;
        private final FolioTable folios = new FolioTable(64, 1);
        private int guarded;

        public FolioLock() {
            folios.init(PAGE, 0, 0);
        }

        @Operation
        public int incrementLocked() {
            folios.lock(PAGE);
            int before = guarded;
            guarded = before + 1;
            folios.unlock(PAGE);
            return before;
        }

        @Operation
        public void setFlag() {
            folios.setFlag(PAGE, FLAG);
        }

        @Operation
        public boolean testAndClearFlag() {
            return folios.testAndClearFlag(PAGE, FLAG);
        }
    }

    /// A number that readers look up without its lock, as a driver looks up page table entries.
    public static final class NotifierSequence {
        private final MmuNotifierSubscriptions subscriptions = new MmuNotifierSubscriptions();
        private final MmuIntervalNotifier notifier;
        private volatile int entry;

        public NotifierSequence() {
            notifier =
                    ((MmuNotifierSubscriptions.Insertion.Inserted)
                                    subscriptions.insert(
                                            0,
                                            4096,
                                            (called, range, sequence) -> {
                                                called.setSequence(sequence);
                                                return true;
                                            }))
                            .notifier();
        }

        @Operation
        public void change(int value) {
            boolean started =
                    subscriptions.start(MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, 0, 4096));
            assert started;
            entry = value;
            subscriptions.end();
        }

        /// Tries again like a driver.
        @Operation
        public int read() {
            while (true) {
                long sequence = notifier.readBegin();
                int seen = entry;
                if (!notifier.readRetry(sequence)) {
                    return seen;
                }
            }
        }
    }

    /// Eight frames.
    public static final class Frames {
        private final BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 8);

        @Operation
        public int allocate() {
            return allocator.allocate(0);
        }

        @Operation
        public int allocatePair() {
            return allocator.allocate(1);
        }
    }
}
