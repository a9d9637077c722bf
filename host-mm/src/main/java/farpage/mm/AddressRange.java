package farpage.mm;

/// A range of virtual addresses, `[start, end)`, in bytes.
///
/// @kernel mm/: the (start, end) pairs of vm_area_struct and mmu_notifier_range
public record AddressRange(long start, long end) {
    public AddressRange {
        if (start < 0 || start > end) {
            throw new IllegalArgumentException("range: start=" + start + ", end=" + end);
        }
    }

    public static AddressRange ofPages(long start, long pageCount) {
        return new AddressRange(start, start + PageSize.pageAddress(pageCount));
    }

    public long pageCount() {
        return PageSize.pageNumber(end - start);
    }

    public boolean isEmpty() {
        return start == end;
    }

    public boolean contains(long address) {
        return start <= address && address < end;
    }

    public boolean overlaps(long otherStart, long otherEnd) {
        return start < otherEnd && otherStart < end;
    }

    @Override
    public String toString() {
        return String.format("%012x-%012x", start, end);
    }
}
