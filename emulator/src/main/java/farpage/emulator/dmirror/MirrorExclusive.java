package farpage.emulator.dmirror;

import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.exclusive.DeviceExclusive;

/// Exclusive access of one open file's device.
///
/// @kernel lib/test_hmm.c: dmirror_exclusive, dmirror_check_atomic
final class MirrorExclusive {
    private final ProcessMirror mirror;

    MirrorExclusive(ProcessMirror mirror) {
        this.mirror = mirror;
    }

    /// Takes page after page; those taken before an error stay the device's. The request names no
    /// owner, so this mirror too hears of it and drops what it had.
    ///
    /// @return EINVAL if the process has exited, else why a page can not be had
    Errno take(long start, long end) {
        Mm mm = mirror.mm();
        mm.lockRead();
        try {
            if (mm.isExited()) {
                return Errno.EINVAL;
            }
            Errno errno = Errno.OK;
            for (long at = start; at < end && errno.isOk(); at += PageSize.PAGE_SIZE) {
                errno = take(mm, at);
            }
            return errno;
        } finally {
            mm.unlockRead();
        }
    }

    /// The entry is made while the folio is locked, so that the page can not be lost before.
    ///
    /// @kernel lib/test_hmm.c: dmirror_atomic_map
    private Errno take(Mm mm, long address) {
        return switch (DeviceExclusive.make(mm, address, null)) {
            case DeviceExclusive.Answer.Refused(Errno errno) -> errno;
            case DeviceExclusive.Answer.Taken(long page) -> {
                DevicePageTable table = mirror.table();
                table.lock();
                table.setEntryLocked(
                        PageSize.pageNumber(address),
                        DevicePte.withAtomic(DevicePte.of(page, false)));
                table.unlock();
                DeviceExclusive.release(mm.machine(), page);
                yield Errno.OK;
            }
        };
    }

    /// EPERM if the device has any page of the range to itself.
    Errno check(long start, long end) {
        DevicePageTable table = mirror.table();
        table.lock();
        try {
            long endPage = PageSize.pageNumber(end);
            for (long page = table.nextPresentLocked(PageSize.pageNumber(start), endPage);
                    page >= 0;
                    page = table.nextPresentLocked(page + 1, endPage)) {
                if (DevicePte.isAtomic(table.entryLocked(page))) {
                    return Errno.EPERM;
                }
            }
            return Errno.OK;
        } finally {
            table.unlock();
        }
    }
}
