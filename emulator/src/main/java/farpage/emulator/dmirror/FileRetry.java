package farpage.emulator.dmirror;

import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.svm.RangeMigrator;
import farpage.mm.migrate.FilePagesLeft;

/// The migration of a range to the device where pages of files move too. A page of a file that
/// stayed may be in the hands of somebody who will let go of it, write-back for instance: it is
/// waited for, and the range tried again.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_to_device, as proposed for file-backed pages
final class FileRetry {
    private static final int ATTEMPTS = 3;

    private final RangeMigrator migrator;
    private final ProcessMirror mirror;

    FileRetry(RangeMigrator migrator, ProcessMirror mirror) {
        this.migrator = migrator;
        this.mirror = mirror;
    }

    /// Whether pages of files move at all.
    boolean isNeeded() {
        return mirror.mm().machine().filesOnDevices().movesPages();
    }

    MigrationResult toDevice(long start, long end) {
        MigrationResult result = migrator.toDevice(mirror, start, end);
        long moved = result.movedPages();
        for (int attempt = 1;
                attempt < ATTEMPTS
                        && result.errno().isOk()
                        && FilePagesLeft.awaitFirst(mirror.mm(), start, end);
                attempt++) {
            result = migrator.toDevice(mirror, start, end);
            moved += result.movedPages();
        }
        return new MigrationResult(result.errno(), moved);
    }
}
