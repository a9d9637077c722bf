package farpage.mm.migrate;

import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/// How the ordinary migrations of a machine copy, and what they did.
///
/// @kernel mm/migrate.c; mm/vmstat.c
public final class FolioMigration {
    /// What is counted.
    ///
    /// @kernel include/linux/vm_event_item.h: enum vm_event_item
    public enum Event {
        /// Batches that an offload copied.
        OFFLOADED_BATCHES,
        /// Base pages in them.
        OFFLOADED_PAGES,
        /// Batches that an offload had no time for.
        OFFLOAD_BUSY,
        /// Batches that an offload failed at.
        OFFLOAD_FAILED,
        /// Base pages that the migrating CPU copied in batches.
        BATCH_COPIED_PAGES,
        /// Base pages that the migrating CPU copied folio by folio.
        SINGLE_COPIED_PAGES,
        /// Folios of a batch that were kept out of its copy.
        KEPT_OUT,
        /// Large folios that were split because there was no destination.
        SPLIT
    }

    private final LongAdder[] counters = new LongAdder[Event.values().length];
    private volatile MigrateOffload offload = MigrateOffload.OFF;

    /// As Linux does.
    public FolioMigration() {
        Arrays.setAll(counters, event -> new LongAdder());
    }

    public MigrateOffload offload() {
        return offload;
    }

    /// Migrations that begin from now on copy so.
    public void set(MigrateOffload migrateOffload) {
        offload = migrateOffload;
    }

    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    void count(Event event, long amount) {
        counters[event.ordinal()].add(amount);
    }

    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    public long get(Event event) {
        return counters[event.ordinal()].sum();
    }
}
