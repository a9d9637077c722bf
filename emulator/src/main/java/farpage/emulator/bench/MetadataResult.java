package farpage.emulator.bench;

/// What was measured of bookkeeping: one row of the report.
///
/// @kernel mm/migrate_device.c, mm/hmm.c, mm/memremap.c: what they cost
public sealed interface MetadataResult {
    /// What it is about.
    MetadataKind kind();

    /// Migrations to a device and back without copies.
    ///
    /// @param pages of the range; each migrates twice in a round
    /// @param toDeviceNanos of the way there of all pages
    /// @param toSystemNanos of the way back
    /// @param roundNanos of both
    /// @param cpuNanos that the threads together computed for both
    /// @kernel mm/migrate_device.c: migrate_vma_setup, migrate_vma_pages, migrate_vma_finalize
    record RoundTrip(
            PageOrder order,
            int threads,
            int pages,
            int batchPages,
            Distribution toDeviceNanos,
            Distribution toSystemNanos,
            Distribution roundNanos,
            Distribution cpuNanos)
            implements MetadataResult {
        @Override
        public MetadataKind kind() {
            return MetadataKind.MIGRATE_ROUND_TRIP;
        }

        /// Migrations in a second, each direction counted once.
        public double pagesPerSecond() {
            return rate(2L * pages, roundNanos.medianNanos());
        }

        /// Migrations in a second of computing time of one core.
        public double pagesPerCpuSecond() {
            return rate(2L * pages, cpuNanos.medianNanos());
        }

        /// Migrations in a second on the way to the device.
        public double toDevicePagesPerSecond() {
            return rate(pages, toDeviceNanos.medianNanos());
        }

        /// Migrations in a second on the way back.
        public double toSystemPagesPerSecond() {
            return rate(pages, toSystemNanos.medianNanos());
        }
    }

    /// Look-ups in a process's page table.
    ///
    /// @param pages that were looked up in a round
    /// @param nanos of a round
    /// @kernel mm/hmm.c: hmm_range_fault
    record Walk(PageOrder order, int threads, int pages, Distribution nanos, Distribution cpuNanos)
            implements MetadataResult {
        @Override
        public MetadataKind kind() {
            return MetadataKind.PAGE_TABLE_WALK;
        }

        /// Look-ups in a second.
        public double pagesPerSecond() {
            return rate(pages, nanos.medianNanos());
        }

        /// Look-ups in a second of computing time of one core.
        public double pagesPerCpuSecond() {
            return rate(pages, cpuNanos.medianNanos());
        }
    }

    /// Device memory that was registered.
    ///
    /// @param firstNanos of the first time, which nothing was warmed up for
    /// @param nanos of the times after it
    /// @kernel mm/memremap.c: memremap_pages
    record Init(long pages, long firstNanos, Distribution nanos) implements MetadataResult {
        @Override
        public MetadataKind kind() {
            return MetadataKind.INIT_DEVICE_MEMORY;
        }
    }

    /// The heap that device pages in use take.
    ///
    /// @param pages that were counted
    /// @param bytesPerPage what is known about a device page
    /// @param allocatorBytesPerPage its share of the allocator of the device's memory
    /// @param mirrorBytesPerPage its entry in the page table of the device
    /// @kernel include/linux/mm_types.h: struct page
    record HeapPerPage(
            PageOrder order,
            int pages,
            double bytesPerPage,
            double allocatorBytesPerPage,
            double mirrorBytesPerPage)
            implements MetadataResult {
        @Override
        public MetadataKind kind() {
            return MetadataKind.BYTES_PER_PAGE;
        }
    }

    private static double rate(long count, long nanos) {
        return count * 1e9 / Math.max(1, nanos);
    }
}
