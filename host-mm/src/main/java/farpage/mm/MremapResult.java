package farpage.mm;

/// What `mremap` answers.
///
/// @param address where the mapping is now; 0 if there was an error
/// @kernel mremap(2)
public record MremapResult(Errno errno, long address) {
    static MremapResult error(Errno errno) {
        assert !errno.isOk();
        return new MremapResult(errno, 0);
    }

    static MremapResult at(long address) {
        return new MremapResult(Errno.OK, address);
    }

    public boolean isOk() {
        return errno.isOk();
    }
}
