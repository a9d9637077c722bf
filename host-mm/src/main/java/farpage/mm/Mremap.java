package farpage.mm;

import org.jspecify.annotations.Nullable;

/// One call of `mremap`: it grows, shrinks or moves mappings. Pages are not touched when their
/// mapping moves: only the entries go to another place.
///
/// Several VMAs can be moved at once, with the holes between them, if neither size changes.
///
/// @kernel mm/mremap.c: do_mremap
final class Mremap {
    private final Mm mm;
    private final int flags;
    private final long address;
    private final long oldLength;
    private final long newLength;
    private final long newAddress;

    Mremap(Mm mm, long address, long oldLength, long newLength, int flags, long newAddress) {
        this.mm = mm;
        this.address = address;
        this.oldLength = PageSize.alignUp(oldLength);
        this.newLength = PageSize.alignUp(newLength);
        this.flags = flags;
        this.newAddress = newAddress;
    }

    MremapResult execute() {
        Errno errno = checkArguments();
        if (!errno.isOk()) {
            return MremapResult.error(errno);
        }
        MremapResult result;
        boolean populate;
        mm.lockWrite();
        try {
            Vma vma = mm.vmaTree().lookup(address);
            populate = newLength > oldLength && vma != null && has(vma, VmFlags.LOCKED);
            result = has(MremapFlags.FIXED) && oldLength == newLength ? moveAll() : resize(vma);
        } finally {
            mm.unlockWrite();
        }
        if (populate && result.isOk()) {
            Populate.populate(mm, result.address() + oldLength, newLength - oldLength);
        }
        return result;
    }

    private boolean has(int flag) {
        return (flags & flag) != 0;
    }

    private static boolean has(Vma vma, int vmFlags) {
        return (vma.flags() & vmFlags) != 0;
    }

    private boolean impliesNewAddress() {
        return has(MremapFlags.FIXED | MremapFlags.DONTUNMAP);
    }

    /// What can be said without looking at the mappings. Lengths and addresses are unsigned.
    ///
    /// @kernel mm/mremap.c: check_mremap_params
    private Errno checkArguments() {
        if ((flags & ~MremapFlags.ALL) != 0
                || !PageSize.isAligned(address)
                || newLength == 0
                || isBeyond(newLength, PageSize.TASK_SIZE)) {
            return Errno.EINVAL;
        }
        if (!impliesNewAddress()) {
            return Errno.OK;
        }
        boolean wrong =
                isBeyond(newAddress, PageSize.TASK_SIZE - newLength)
                        || !PageSize.isAligned(newAddress)
                        || !has(MremapFlags.MAYMOVE)
                        || has(MremapFlags.DONTUNMAP) && oldLength != newLength
                        || overlaps();
        return wrong ? Errno.EINVAL : Errno.OK;
    }

    private static boolean isBeyond(long value, long limit) {
        return Long.compareUnsigned(value, limit) > 0;
    }

    private boolean overlaps() {
        return isBeyond(address + oldLength, newAddress)
                && isBeyond(newAddress + newLength, address);
    }

    // Sizes stay: everything in the range moves.

    /// @kernel mm/mremap.c: remap_move
    private MremapResult moveAll() {
        long end = address + oldLength;
        MremapResult result = MremapResult.error(Errno.EFAULT);
        long from = address;
        long target = newAddress;
        Vma vma = mm.vmaTree().lookupFrom(from);
        while (vma != null && from < end && vma.start() < end) {
            if (from == address && vma.start() > address) {
                return MremapResult.error(Errno.EFAULT);
            }
            long start = Math.max(vma.start(), from);
            long length = Math.min(end, vma.end()) - start;
            if (vma.userfaultfd() != null && (from != address || vma.end() < end)) {
                return MremapResult.error(Errno.EFAULT); // such a one moves alone
            }
            target += start - from;
            Errno errno = checkMapping(vma, start, length, length);
            MremapResult moved =
                    errno.isOk() ? moveTo(start, length, length, target) : error(errno);
            if (!moved.isOk()) {
                return moved;
            }
            if (from == address) {
                result = moved;
            }
            from = start + length;
            target = moved.address() + length;
            vma = mm.vmaTree().lookupFrom(from);
        }
        return result;
    }

    private static MremapResult error(Errno errno) {
        return MremapResult.error(errno);
    }

    // One VMA.

    private MremapResult resize(@Nullable Vma vma) {
        Errno errno = vma == null ? Errno.EFAULT : checkMapping(vma, address, oldLength, newLength);
        if (!errno.isOk()) {
            return error(errno);
        }
        if (impliesNewAddress()) {
            return moveTo(address, oldLength, newLength, newAddress);
        }
        if (newLength <= oldLength) {
            if (newLength < oldLength) {
                mm.unmapLocked(address + newLength, address + oldLength);
            }
            return MremapResult.at(address);
        }
        assert vma != null;
        if (canGrowInPlace(vma)) {
            VmaTree vmas = mm.vmaTree();
            FileLinks.setBounds(vma, vma.start(), address + newLength);
            vmas.mergeAround(vma);
            return MremapResult.at(address);
        }
        if (!has(MremapFlags.MAYMOVE)) {
            return error(Errno.ENOMEM);
        }
        long hole = mm.vmaTree().highestHole(newLength, Mm.MMAP_MIN_ADDRESS);
        return hole < 0 ? error(Errno.ENOMEM) : move(vma, address, oldLength, newLength, hole);
    }

    /// Whether a VMA can be moved or resized like that.
    ///
    /// @kernel mm/mremap.c: check_prep_vma
    private Errno checkMapping(Vma vma, long start, long oldSize, long newSize) {
        if (vma.isHugetlb()) {
            return Errno.EINVAL; // other than in Linux they stay where they are
        }
        if (newSize <= oldSize && !impliesNewAddress()) {
            return Errno.OK;
        }
        if (oldSize == 0 && !has(vma, VmFlags.SHARED | VmFlags.MAYSHARE)) {
            return Errno.EINVAL;
        }
        boolean fixedSize = has(vma, VmFlags.DONTEXPAND | VmFlags.PFNMAP);
        if (has(MremapFlags.DONTUNMAP) && fixedSize) {
            return Errno.EINVAL;
        }
        if (isBeyond(Math.min(oldSize, newSize), vma.end() - start)) {
            return Errno.EFAULT;
        }
        return newSize > oldSize && fixedSize ? Errno.EFAULT : Errno.OK;
    }

    /// @kernel mm/mremap.c: vrm_can_expand_in_place
    private boolean canGrowInPlace(Vma vma) {
        long newEnd = address + newLength;
        return address + oldLength == vma.end()
                && newEnd <= PageSize.TASK_SIZE
                && newEnd <= mm.vmaTree().startAbove(vma.end());
    }

    /// Moves to the place that was asked for.
    ///
    /// @kernel mm/mremap.c: mremap_to
    private MremapResult moveTo(long start, long oldSize, long newSize, long target) {
        if (has(MremapFlags.FIXED)) {
            if (!mm.mayCutLocked(target, target + newSize)) {
                return error(Errno.EINVAL);
            }
            mm.unmapLocked(target, target + newSize);
        }
        if (newSize < oldSize) {
            mm.unmapLocked(start + newSize, start + oldSize);
        }
        // What was unmapped may have been a part of the same VMA.
        Vma vma = mm.vmaTree().lookup(start);
        if (vma == null) {
            return error(Errno.EFAULT);
        }
        if (has(MremapFlags.FIXED)) {
            return target < Mm.MMAP_MIN_ADDRESS
                    ? error(Errno.EPERM)
                    : move(vma, start, Math.min(oldSize, newSize), newSize, target);
        }
        long hole =
                isFree(target, newSize)
                        ? target
                        : mm.vmaTree().highestHole(newSize, Mm.MMAP_MIN_ADDRESS);
        return hole < 0 ? error(Errno.ENOMEM) : move(vma, start, oldSize, newSize, hole);
    }

    /// Whether a wish for an address can be met.
    private boolean isFree(long start, long size) {
        Vma above = mm.vmaTree().lookupFrom(start);
        return start >= Mm.MMAP_MIN_ADDRESS && (above == null || start + size <= above.start());
    }

    // The move.

    /// @kernel mm/mremap.c: move_vma
    private MremapResult move(Vma vma, long start, long oldSize, long newSize, long target) {
        // Merged pages are remembered by the address at which they were found.
        if (has(vma, VmFlags.MERGEABLE) && vma.anonVma() != null) {
            Errno unmerged = mm.machine().ksm().unmerge(vma, start, start + oldSize);
            if (!unmerged.isOk()) {
                return error(unmerged);
            }
        }
        Vma copy = copyVma(vma, start, newSize, target);
        VmaTree vmas = mm.vmaTree();
        vmas.add(copy);
        Vma moved = vmas.mergeAround(copy);
        // A VMA without pages may have been merged with its own copy.
        Vma source = vmas.lookup(start);
        assert source != null;
        // A walk of the reverse map finds a younger VMA later than the one it was copied from, so
        // what has left the old place is found in the new one. If others were there before, the
        // walk
        // must be kept out.
        MovePageTables.move(source, start, moved, target, oldSize, moved != copy);
        UserfaultfdRanges.reset(moved);
        if (has(MremapFlags.DONTUNMAP)) {
            source.setFlags(source.flags() & ~VmFlags.LOCKED_MASK);
            if (moved != source && start == source.start() && start + oldSize == source.end()) {
                AnonVmaLinks.unlinkAll(source);
            }
        } else if (oldSize > 0) {
            mm.unmapLocked(start, start + oldSize);
        }
        return MremapResult.at(target);
    }

    /// The VMA for the new place. Pages are found by their index, so that of the first one stays,
    /// unless there are none: then it is the one that memory mapped there would have, so that the
    /// VMA can be merged with its new neighbours.
    ///
    /// @kernel mm/vma.c: copy_vma
    private Vma copyVma(Vma vma, long start, long size, long target) {
        boolean withoutPages = vma.isAnonymous() && vma.anonVma() == null;
        long offset = withoutPages ? PageSize.pageNumber(target) : vma.pageIndex(start);
        Vma copy = vma.duplicate(mm, target, target + size, offset);
        AnonVmaLinks.cloneChain(vma, copy);
        return copy;
    }
}
