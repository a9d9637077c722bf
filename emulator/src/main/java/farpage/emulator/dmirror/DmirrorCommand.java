package farpage.emulator.dmirror;

import java.lang.foreign.MemorySegment;

/// What an open device file can be asked to do with pages of its process.
///
/// Addresses are bytes and must be page boundaries; they and page counts are taken as unsigned, and
/// a range that is empty or wraps is answered with EINVAL. Buffers lie off the Java heap, as user
/// memory does; one that is too small is answered with EFAULT like a bad pointer. What was copied
/// before an error may be in the buffer.
///
/// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_READ and the others
public sealed interface DmirrorCommand {
    long address();

    long pageCount();

    /// The device loads the pages, faulting in those that it has no entry for.
    ///
    /// @param to takes the pages' bytes
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_READ
    record Read(long address, long pageCount, MemorySegment to) implements DmirrorCommand {
        public Read {
            requireNative(to);
        }
    }

    /// As [Read], but a fault may wait for a handler of the program's own, such as a
    /// [farpage.mm.userfaultfd.Userfaultfd].
    ///
    /// @param to takes the pages' bytes
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_READ_UNLOCKED
    record ReadUnlocked(long address, long pageCount, MemorySegment to) implements DmirrorCommand {
        public ReadUnlocked {
            requireNative(to);
        }
    }

    /// The device stores to the pages, faulting in those that it has no writable entry for.
    ///
    /// @param from gives the pages' bytes
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_WRITE
    record Write(long address, long pageCount, MemorySegment from) implements DmirrorCommand {
        public Write {
            requireNative(from);
        }
    }

    /// Migrates the pages to the device, and loads them through the device's table. ENOENT says
    /// that not every page is in that table.
    ///
    /// @param to takes the pages' bytes
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_MIGRATE_TO_DEV
    record MigrateToDevice(long address, long pageCount, MemorySegment to)
            implements DmirrorCommand {
        public MigrateToDevice {
            requireNative(to);
        }
    }

    /// Migrates the pages that are on the device back to system memory.
    ///
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_MIGRATE_TO_SYS
    record MigrateToSystem(long address, long pageCount) implements DmirrorCommand {}

    /// Looks at the pages without changing anything.
    ///
    /// @param to takes one byte for each page, see [DmirrorProt]
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_SNAPSHOT
    record Snapshot(long address, long pageCount, MemorySegment to) implements DmirrorCommand {}

    /// Migrates everything on the device back, of every process, and gives its memory up. The range
    /// means nothing but must be a legal one.
    ///
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_RELEASE
    record Release(long address, long pageCount) implements DmirrorCommand {}

    /// Takes the pages for the device's atomic access alone, and loads them through the device's
    /// table. Any access of a CPU takes them back.
    ///
    /// @param to takes the pages' bytes
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_EXCLUSIVE
    record Exclusive(long address, long pageCount, MemorySegment to) implements DmirrorCommand {
        public Exclusive {
            requireNative(to);
        }
    }

    /// Asks whether any of the pages is the device's alone through this file: EPERM if one is.
    ///
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_CHECK_EXCLUSIVE
    record CheckExclusive(long address, long pageCount) implements DmirrorCommand {}

    /// Sets the switches of this file. They stand where other commands have the count, so the range
    /// must be a legal one with that count.
    ///
    /// @param pageCount of [#FAIL_ALLOC]
    /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_FLAGS
    record Flags(long address, long pageCount) implements DmirrorCommand {
        /// The next allocation of a migration, in either direction, fails.
        ///
        /// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_FLAG_FAIL_ALLOC
        public static final long FAIL_ALLOC = 0x1;
    }

    private static void requireNative(MemorySegment buffer) {
        if (!buffer.isNative()) {
            throw new IllegalArgumentException("buffer: on the Java heap, limit=native memory");
        }
    }
}
