package farpage.emulator.dmirror;

import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.svm.RangeMigrator;
import farpage.mm.file.FileBackedMode;
import farpage.mm.migrate.FilePagesLeft;

/// The migration of a range to the device where pages of files go there too. Where they are copied
/// that follows the migration of the others. Where they move, a page of a file that stayed may be
/// in the hands of somebody who will let go of it, write-back for instance: it is waited for, and
/// the range tried again.
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

    /// Whether pages of files go to devices at all.
    boolean isNeeded() {
        return mirror.mm().machine().filesOnDevices().mode() != FileBackedMode.OFF;
    }

    MigrationResult toDevice(long start, long end) {
        return mirror.mm().machine().filesOnDevices().copiesPages()
                ? copyToDevice(start, end)
                : moveToDevice(start, end);
    }

    /// What is no file's moves as ever.
    private MigrationResult copyToDevice(long start, long end) {
        MigrationResult result = migrator.toDevice(mirror, start, end);
        if (!result.errno().isOk()) {
            return result;
        }
        MigrationResult copied = migrator.copyFiles(mirror, start, end);
        return new MigrationResult(copied.errno(), result.movedPages() + copied.movedPages());
    }

    private MigrationResult moveToDevice(long start, long end) {
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
