package farpage.mm;

/// The one place for page shifts and masks. Numbers are those of x86-64.
///
/// @kernel include/vdso/page.h, arch/x86/include/asm/page_types.h
public final class PageSize {
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_SIZE = 1 << PAGE_SHIFT;

    private PageSize() {}
}
