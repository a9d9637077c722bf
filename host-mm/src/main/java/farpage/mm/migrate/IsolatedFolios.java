package farpage.mm.migrate;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.Arrays;

/// Folios that were taken off the LRU for an ordinary migration, with a reference to each, and what
/// became of them. Whoever takes some closes the list, which puts those back that did not migrate.
///
/// ```
/// try (IsolatedFolios folios = new IsolatedFolios(machine)) {
///     Errno errno = folios.isolate(page);
///     new MigrateFolios(machine, destinations, true).migrate(folios);
///     folios.result(0);
/// }
/// ```
///
/// @kernel mm/vmscan.c: folio_isolate_lru; mm/migrate.c: putback_movable_pages
public final class IsolatedFolios implements AutoCloseable {
    private final Machine machine;
    private final FolioTable folios;
    private long[] pages = new long[64];
    private Errno[] results = new Errno[64];
    private int count;
    private boolean taken;

    /// An empty list.
    public IsolatedFolios(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// Takes a folio off the LRU. The caller holds a reference, or the lock of a leaf that maps it.
    ///
    /// @param page any page of it
    /// @return EBUSY if it is on none: somebody else has it, or it is no page of the kind that can
    ///   be moved
    public Errno isolate(long page) {
        long head = folios.head(page);
        if (Page.isDevice(head) || !folios.tryGet(head)) {
            return Errno.EBUSY;
        }
        if (folios.head(page) != head || !folios.testAndClearFlag(head, FolioFlags.LRU)) {
            machine.put(head);
            return Errno.EBUSY;
        }
        assert !taken : "folios were isolated after the migration";
        if (count == pages.length) {
            pages = Arrays.copyOf(pages, 2 * count);
            results = Arrays.copyOf(results, 2 * count);
        }
        pages[count] = head;
        results[count++] = Errno.EAGAIN;
        return Errno.OK;
    }

    /// Takes every folio that begins in a run of frames and can be taken, as who wants the frames
    /// empty does.
    ///
    /// @return how many
    /// @kernel mm/compaction.c: isolate_migratepages_range
    public int isolateFrames(long firstPage, int pageCount) {
        int before = count;
        for (long page = firstPage; page < firstPage + pageCount; page++) {
            if (folios.isKnown(page)
                    && folios.head(page) == page
                    && folios.hasFlag(page, FolioFlags.LRU)) {
                Errno _ = isolate(page); // what can not be taken is passed over
            }
        }
        return count - before;
    }

    /// How many were isolated.
    public int count() {
        return count;
    }

    /// The first page that a folio had.
    public long page(int index) {
        assert index < count;
        return pages[index];
    }

    /// What became of a folio: OK if all of it moved, or was freed meanwhile; ENOMEM if there was
    /// no destination; EAGAIN if somebody holds or locks it; before the migration EAGAIN too.
    public Errno result(int index) {
        assert index < count;
        return results[index];
    }

    /// The migration answers for the folios from now on.
    void take() {
        assert !taken : "the folios have migrated already";
        taken = true;
        Arrays.fill(results, 0, count, Errno.OK);
    }

    /// A folio, or a piece of it, stays; it is back in its place. The first failure is what is
    /// told.
    void failed(int index, Errno errno) {
        if (results[index].isOk()) {
            results[index] = errno;
        }
    }

    /// Puts a folio back on the LRU and drops the reference.
    void putBack(long page) {
        folios.setFlag(page, FolioFlags.LRU);
        machine.put(page);
    }

    /// Puts back what no migration has taken.
    @Override
    public void close() {
        if (!taken) {
            taken = true;
            for (int i = 0; i < count; i++) {
                putBack(pages[i]);
            }
        }
    }
}
