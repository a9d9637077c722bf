package farpage.emulator;

/// A device's memory can not be registered, because the physical address map has no hole for it:
/// the driver does not come up.
///
/// @kernel kernel/resource.c: request_free_mem_region, ERANGE
public final class NoWindowException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param reason what was needed, and what there is
    public NoWindowException(String reason) {
        super(reason);
    }
}
