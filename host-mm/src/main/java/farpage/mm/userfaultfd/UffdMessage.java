package farpage.mm.userfaultfd;

/// A fault that waits to be handled.
///
/// @param address of the page, a page boundary
/// @param write whether a store caused it
/// @param writeProtected whether the page is there, but protected from stores
/// @kernel include/uapi/linux/userfaultfd.h: struct uffd_msg
public record UffdMessage(long address, boolean write, boolean writeProtected) {
    @Override
    public String toString() {
        String kind = writeProtected ? " to a protected page" : " to a missing page";
        return (write ? "store" : "load") + kind + String.format(" at %x", address);
    }
}
