package farpage.mm.inspect;

import farpage.mm.Mm;
import farpage.mm.Vma;

/// The VMAs of a process in the layout of `/proc/PID/maps`.
///
/// ```
/// 1000000000-1000004000 rw-p 00000000 00:00 0
/// ```
///
/// @kernel fs/proc/task_mmu.c: show_map_vma
public final class MapsDump {
    private MapsDump() {}

    /// One line a VMA, in address order. Takes the mmap lock for reading.
    public static String text(Mm mm) {
        StringBuilder text = new StringBuilder();
        mm.lockRead();
        try {
            for (Vma vma : mm.vmas()) {
                text.append(VmaHeader.line(vma)).append('\n');
            }
        } finally {
            mm.unlockRead();
        }
        return text.toString();
    }
}
