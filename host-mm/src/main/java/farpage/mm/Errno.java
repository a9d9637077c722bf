package farpage.mm;

/// The error numbers that the modelled calls answer with; `OK` is success. The values are those of
/// Linux on x86-64.
///
/// @kernel include/uapi/asm-generic/errno-base.h, errno.h
public enum Errno {
    OK(0),
    EPERM(1),
    ENOENT(2),
    ESRCH(3),
    EINTR(4),
    EIO(5),
    ENXIO(6),
    EBADF(9),
    EAGAIN(11),
    ENOMEM(12),
    EACCES(13),
    EFAULT(14),
    EBUSY(16),
    EEXIST(17),
    ENODEV(19),
    EINVAL(22),
    EFBIG(27),
    ENOSPC(28),
    ERANGE(34),
    EOVERFLOW(75),
    EOPNOTSUPP(95),
    EHWPOISON(133);

    private final int number;

    Errno(int number) {
        this.number = number;
    }

    /// The positive error number; 0 for `OK`.
    public int number() {
        return number;
    }

    public boolean isOk() {
        return this == OK;
    }

    /// As the kernel's calls return it: `0` or `-EINVAL`.
    public String describe() {
        return this == OK ? "0" : "-" + name();
    }
}
