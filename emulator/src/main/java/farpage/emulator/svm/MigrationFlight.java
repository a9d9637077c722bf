package farpage.emulator.svm;

import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyResult;
import farpage.mm.migrate.MigrateVma;
import java.util.ArrayList;
import java.util.List;

/// A copy under way, and the migrations whose pages it carries. It is used again for a later one.
///
/// @kernel drivers/gpu/drm/amd/amdkfd/kfd_migrate.c: mfence of svm_migrate_vma_to_vram
final class MigrationFlight {
    private static final CopyFence NOTHING = () -> new CopyResult.Copied();

    private final List<MigrateVma> migrations = new ArrayList<>();
    private CopyFence fence = NOTHING;

    void begin(List<MigrateVma> carried, CopyFence copy) {
        assert migrations.isEmpty();
        migrations.addAll(carried);
        fence = copy;
    }

    /// Waits until nothing of it is under way any more.
    CopyResult await() {
        return fence.await();
    }

    List<MigrateVma> migrations() {
        return migrations;
    }

    /// It may be used again.
    void end() {
        migrations.clear();
        fence = NOTHING;
    }
}
