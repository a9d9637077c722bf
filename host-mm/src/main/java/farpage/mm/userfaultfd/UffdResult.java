package farpage.mm.userfaultfd;

import farpage.mm.Errno;

/// How far a call came that fills pages.
///
/// @param errno OK if all pages were filled, EAGAIN if only the first ones, else why none was
/// @param bytes filled, from the start
/// @kernel include/uapi/linux/userfaultfd.h: struct uffdio_copy, copy
public record UffdResult(Errno errno, long bytes) {
    public UffdResult {
        assert bytes >= 0;
        assert errno == Errno.OK || errno == Errno.EAGAIN || bytes == 0;
    }

    static UffdResult refused(Errno errno) {
        assert !errno.isOk();
        return new UffdResult(errno, 0);
    }

    boolean isFilled() {
        return bytes > 0;
    }
}
