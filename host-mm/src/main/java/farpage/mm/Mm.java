package farpage.mm;

import farpage.mm.file.DriverMmap;
import farpage.mm.file.OpenFile;
import farpage.mm.hugetlb.HugetlbMapping;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.lock.RankedReadWriteLock;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.mempolicy.Mempolicy;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.notifier.MmuNotifierSubscriptions;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.userfaultfd.Userfaultfd;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// The mappings of one process and the calls that change them.
///
/// `mmap`, `munmap`, `mprotect`, `fork` and `exit` take the mmap lock for writing themselves. A
/// driver that migrates or looks at mappings holds it for reading, from [#lockRead()] on.
///
/// @kernel include/linux/mm_types.h: struct mm_struct
public final class Mm {
    /// The lowest address that `mmap` chooses or accepts.
    public static final long MMAP_MIN_ADDRESS = 0x10000;

    private final Machine machine;
    private final int id;
    private final PageTable pageTable = new PageTable();
    private final VmaTree vmas = new VmaTree();
    private final RankedReadWriteLock mmapLock = new RankedReadWriteLock(LockRank.MMAP);
    private final RankedLock pageTableLock = new RankedLock(LockRank.PAGE_TABLE);
    private final MmuNotifierSubscriptions notifiers = new MmuNotifierSubscriptions();
    private final AtomicLongArray rss = new AtomicLongArray(RssCounter.values().length);
    private final AtomicLong hugetlbPages = new AtomicLong();
    private final MemCgroup memcg;
    private final List<Userfaultfd> userfaultfds = new CopyOnWriteArrayList<>();
    private volatile boolean exited;
    private volatile @Nullable Mempolicy mempolicy;

    Mm(Machine machine, int id, MemCgroup memcg) {
        this.machine = machine;
        this.id = id;
        this.memcg = memcg;
    }

    public Machine machine() {
        return machine;
    }

    /// The process number, for people.
    public int id() {
        return id;
    }

    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public PageTable pageTable() {
        return pageTable;
    }

    public MmuNotifierSubscriptions notifiers() {
        return notifiers;
    }

    /// The memory cgroup that the pages of the process are charged to. Children are in it too.
    ///
    /// @kernel mm/memcontrol.c: get_mem_cgroup_from_mm
    public MemCgroup memcg() {
        return memcg;
    }

    public boolean isExited() {
        return exited;
    }

    /// Which nodes pages come from where no VMA says; null for the machine's order.
    ///
    /// @kernel include/linux/sched.h: struct task_struct, mempolicy
    public @Nullable Mempolicy mempolicy() {
        return mempolicy;
    }

    /// Changes that, for pages to come. Children inherit it.
    ///
    /// @kernel mm/mempolicy.c: do_set_mempolicy
    public void setMempolicy(@Nullable Mempolicy policy) {
        mempolicy = policy;
    }

    /// Gives a part of a VMA another policy, and joins it with its neighbours where nothing tells
    /// them apart. The mmap lock is held for writing.
    ///
    /// @kernel mm/mempolicy.c: mbind_range
    public void setMempolicy(long start, long end, @Nullable Mempolicy policy) {
        assert mmapLock.isHeld();
        Vma _ = vmas.modifyMempolicy(start, end, policy);
    }

    /// Remembers one that is open, so that nobody waits for it when the process ends.
    public void addUserfaultfd(Userfaultfd userfaultfd) {
        userfaultfds.add(userfaultfd);
    }

    void removeUserfaultfd(Userfaultfd userfaultfd) {
        userfaultfds.remove(userfaultfd);
    }

    // The mmap lock.

    public void lockRead() {
        mmapLock.lockRead();
    }

    public void unlockRead() {
        mmapLock.unlockRead();
    }

    public boolean isLocked() {
        return mmapLock.isHeld();
    }

    /// Of several faults that come first at once, one gives a VMA its `AnonVma`.
    ///
    /// @kernel include/linux/mm_types.h: mm->page_table_lock
    void lockPageTables() {
        pageTableLock.lock();
    }

    void unlockPageTables() {
        pageTableLock.unlock();
    }

    /// For the calls of the process itself, and for who changes its page tables so that nobody may
    /// fault meanwhile.
    public void lockWrite() {
        mmapLock.lockWrite();
    }

    public void unlockWrite() {
        mmapLock.unlockWrite();
    }

    // VMAs.

    /// The VMAs, for those who change them. The mmap lock is held.
    VmaTree vmaTree() {
        assert mmapLock.isHeld();
        return vmas;
    }

    /// The VMA that holds an address. The mmap lock is held.
    public @Nullable Vma lookupVma(long address) {
        assert mmapLock.isHeld();
        return vmas.lookup(address);
    }

    /// The first VMA that ends after the address. The mmap lock is held.
    ///
    /// @kernel include/linux/mm.h: find_vma
    public @Nullable Vma lookupVmaFrom(long address) {
        assert mmapLock.isHeld();
        return vmas.lookupFrom(address);
    }

    /// All VMAs in address order. The mmap lock is held.
    public Collection<Vma> vmas() {
        assert mmapLock.isHeld();
        return vmas.all();
    }

    /// What pages first faulted in at this VMA will point to. The mmap lock is held.
    ///
    /// @kernel include/linux/rmap.h: anon_vma_prepare
    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public AnonVma prepareAnonVma(Vma vma) {
        assert mmapLock.isHeld();
        AnonVma present = vma.anonVma();
        return present != null ? present : AnonVmaLinks.prepare(vma, vmas.reusableAnonVma(vma));
    }

    // Calls of the process.

    /// Maps anonymous private memory at a fixed place, over whatever was there.
    ///
    /// @param flags [VmFlags] of access
    /// @return as the other `mmapFixed`
    /// @kernel mm/mmap.c: do_mmap with MAP_FIXED
    public Errno mmapFixed(long address, long length, int flags) {
        return mmapFixed(address, length, flags, null, 0);
    }

    /// Maps memory at a fixed place, over whatever was there.
    ///
    /// @param flags [VmFlags] of access, SHARED for `MAP_SHARED`, HUGETLB for `MAP_HUGETLB`; the
    ///   latter two exclude each other, and HUGETLB and a file
    /// @param file what to map; null for anonymous memory, which, if shared, is a new file without
    ///   a name. The mapping takes a reference of its own
    /// @param offset of the first byte in the file, a page boundary
    /// @return EINVAL for an unaligned or empty range, ENOMEM beyond the end of the space, EPERM
    ///   below [#MMAP_MIN_ADDRESS], EOVERFLOW beyond the largest file, EACCES if the file is not
    ///   open for what is asked, or the error of a device's driver
    /// @kernel mm/mmap.c: do_mmap with MAP_FIXED
    public Errno mmapFixed(
            long address, long length, int flags, @Nullable OpenFile file, long offset) {
        if (!PageSize.isAligned(address) || length <= 0) {
            return Errno.EINVAL;
        }
        if (address < 0 || length > PageSize.TASK_SIZE - address) {
            return Errno.ENOMEM;
        }
        if (address < MMAP_MIN_ADDRESS) {
            return Errno.EPERM;
        }
        MmapArguments arguments = new MmapArguments(machine, length, flags, file, offset);
        if (!arguments.check().isOk()) {
            return arguments.check();
        }
        if ((address & arguments.alignment() - 1) != 0) {
            return Errno.EINVAL;
        }
        mmapLock.lockWrite();
        try (arguments) {
            if (!mayCutLocked(address, address + arguments.size())) {
                return Errno.EINVAL;
            }
            unmapLocked(address, address + arguments.size());
            return addVmaLocked(address, arguments);
        } finally {
            mmapLock.unlockWrite();
        }
    }

    /// Maps anonymous private memory where there is room, from high addresses down.
    ///
    /// @param flags [VmFlags] of access
    /// @return the address, or the negative number of ENOMEM if no hole is large enough
    /// @kernel mm/mmap.c: vm_unmapped_area
    public long mmap(long length, int flags) {
        return mmap(length, flags, null, 0);
    }

    /// Maps memory where there is room, from high addresses down; the parameters are those of
    /// [#mmapFixed(long, long, int, OpenFile, long)].
    ///
    /// @return the address, or the negative number of an error
    /// @kernel mm/mmap.c: do_mmap, vm_unmapped_area
    public long mmap(long length, int flags, @Nullable OpenFile file, long offset) {
        if (length <= 0) {
            throw new IllegalArgumentException("length: value=" + length + ", limit=1");
        }
        if (length > PageSize.TASK_SIZE) {
            return -Errno.ENOMEM.number();
        }
        MmapArguments arguments = new MmapArguments(machine, length, flags, file, offset);
        if (!arguments.check().isOk()) {
            return -arguments.check().number();
        }
        mmapLock.lockWrite();
        try (arguments) {
            long address = arguments.placeIn(vmas, MMAP_MIN_ADDRESS);
            if (address < 0) {
                return -Errno.ENOMEM.number();
            }
            Errno refused = addVmaLocked(address, arguments);
            return refused.isOk() ? address : -refused.number();
        } finally {
            mmapLock.unlockWrite();
        }
    }

    private Errno addVmaLocked(long start, MmapArguments arguments) {
        Vma vma = arguments.newVma(this, start);
        if (vma.isHugetlb()) {
            Errno reserved = HugetlbMapping.open(vma);
            if (!reserved.isOk()) {
                return reserved;
            }
        }
        vmas.add(vma);
        OpenFile file = vma.file();
        DriverMmap driver = file == null ? null : file.driverMmap();
        if (driver != null) {
            Errno refused = driver.mmap(vma);
            if (!refused.isOk()) {
                unmapLocked(vma.start(), vma.end());
                return refused;
            }
        }
        vmas.mergeAround(vma);
        return Errno.OK;
    }

    /// Puts a page of a driver's own into a VMA, which becomes a mapping of mixed pages: nobody but
    /// the driver and the page tables knows the page. For [DriverMmap].
    ///
    /// @return EFAULT outside the VMA, EBUSY if something is mapped there
    /// @kernel mm/memory.c: vm_insert_page
    public Errno insertPage(Vma vma, long address, long page) {
        assert mmapLock.isHeldForWrite();
        if (!vma.contains(address)) {
            return Errno.EFAULT;
        }
        vma.setFlags(vma.flags() | VmFlags.MIXEDMAP);
        PageTableLeaf leaf = pageTable.leafOrNew(address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        boolean vacant = PageTableEntry.isNone(leaf.entryLocked(slot));
        if (vacant) {
            machine.folios().get(page);
            machine.folios().addMapping(page);
            long entry = PageTableEntry.ofPage(page, vma.mapsWritable());
            leaf.setEntryLocked(slot, PageTableEntry.withProtNone(entry, !vma.isAccessible()));
            addRss(RssCounter.of(machine.folios(), page), 1);
        }
        leaf.unlock();
        return vacant ? Errno.OK : Errno.EBUSY;
    }

    /// Removes what is mapped in `[address, address + length)`; nothing there is no error.
    ///
    /// @return EINVAL for an unaligned, empty or too large range
    /// @kernel mm/vma.c: do_vmi_munmap
    public Errno munmap(long address, long length) {
        if (!PageSize.isAligned(address)
                || address < 0
                || length <= 0
                || length > PageSize.TASK_SIZE - address) {
            return Errno.EINVAL;
        }
        long end = address + PageSize.alignUp(length);
        mmapLock.lockWrite();
        try {
            if (!mayCutLocked(address, end)) {
                return Errno.EINVAL;
            }
            unmapLocked(address, end);
            return Errno.OK;
        } finally {
            mmapLock.unlockWrite();
        }
    }

    /// Whether mappings may be cut at both ends of a range: those of huge pages only between them.
    boolean mayCutLocked(long start, long end) {
        Vma first = vmas.lookup(start);
        Vma last = vmas.lookup(end);
        return (first == null || HugetlbMapping.mayCut(first, start))
                && (last == null || HugetlbMapping.mayCut(last, end));
    }

    /// The mmap lock is held for writing.
    void unmapLocked(long start, long end) {
        Vma first = vmas.lookupFrom(start);
        if (first == null || first.start() >= end) {
            return;
        }
        vmas.splitAt(start);
        vmas.splitAt(end);
        Vma vma = vmas.lookupFrom(start);
        while (vma != null && vma.start() < end) {
            Vma next = vmas.next(vma);
            Zap.unmap(vma, vma.start(), vma.end(), MmuNotifierRange.Event.UNMAP);
            vmas.remove(vma);
            vma = next;
        }
        pageTable.freeLeaves(vmas.endBelow(start), vmas.startAbove(end));
    }

    /// Changes the access flags of `[address, address + length)`.
    ///
    /// @return ENOMEM if a part is not mapped, EACCES if a VMA can not get that access; what lies
    ///   below was changed
    /// @kernel mm/mprotect.c: do_mprotect_pkey
    public Errno mprotect(long address, long length, int access) {
        assert (access & ~VmFlags.ACCESS) == 0;
        if (!PageSize.isAligned(address)) {
            return Errno.EINVAL;
        }
        if (length == 0) {
            return Errno.OK;
        }
        if (address < 0 || length < 0 || length > PageSize.TASK_SIZE - address) {
            return Errno.ENOMEM;
        }
        mmapLock.lockWrite();
        try {
            return Mprotect.protect(this, address, address + PageSize.alignUp(length), access);
        } finally {
            mmapLock.unlockWrite();
        }
    }

    /// Forgets which pages were used: 1 all of them, 2 those of anonymous mappings, 3 those of
    /// files; 4 which were stored to, the soft-dirty bits.
    ///
    /// @return EINVAL for another number
    /// @kernel fs/proc/task_mmu.c: /proc/PID/clear_refs
    public Errno clearRefs(int number) {
        mmapLock.lockWrite();
        try {
            return ClearRefs.clear(this, number);
        } finally {
            mmapLock.unlockWrite();
        }
    }

    /// A child with the same mappings, copied on write. Mirrors of the parent are not inherited.
    ///
    /// @throws OutOfMemoryError if the machine has no page for what must be copied at once
    /// @kernel kernel/fork.c: dup_mmap
    public Mm fork() {
        Mm child = machine.newProcess(memcg);
        child.mempolicy = mempolicy;
        Errno errno = Errno.OK;
        mmapLock.lockWrite();
        try {
            for (Vma vma : vmas.all()) {
                if ((vma.flags() & VmFlags.DONTCOPY) == 0) {
                    errno = forkVma(vma, child);
                }
                if (!errno.isOk()) {
                    break;
                }
            }
            machine.ksm().fork(this, child);
        } finally {
            mmapLock.unlockWrite();
        }
        if (!errno.isOk()) {
            child.exit();
            throw new OutOfMemoryError("fork: a pinned page could not be copied");
        }
        return child;
    }

    /// Memory that is wiped on fork begins empty in the child, and locks are not inherited.
    private static Errno forkVma(Vma vma, Mm child) {
        Vma copy = vma.duplicate(child, vma.start(), vma.end(), vma.pageOffset());
        UserfaultfdRanges.reset(copy);
        copy.setFlags(copy.flags() & ~VmFlags.LOCKED_MASK);
        boolean wiped = (vma.flags() & VmFlags.WIPEONFORK) != 0;
        if (!wiped) {
            AnonVmaLinks.forkChain(vma, copy);
        }
        child.vmas.add(copy);
        return wiped ? Errno.OK : ForkCopy.copy(vma, copy);
    }

    /// Ends the process: mirrors are told, everything is unmapped. Whoever looks at the mappings
    /// after the mirrors were told finds that the process has exited, so no mirror can take in a
    /// page that is about to go.
    ///
    /// @kernel mm/mmap.c: exit_mmap
    public void exit() {
        machine.ksm().exit(this);
        mmapLock.lockWrite();
        try {
            Check.that(!exited, "a process exited twice");
            exited = true;
            notifiers.release();
            for (Vma vma = vmas.lookupFrom(0); vma != null; vma = vmas.lookupFrom(0)) {
                Zap.zapPages(vma, vma.start(), vma.end());
                vmas.remove(vma);
            }
            pageTable.freeLeaves(0, PageSize.TASK_SIZE + PageSize.PAGE_SIZE);
            userfaultfds.forEach(Userfaultfd::wakeAll);
        } finally {
            mmapLock.unlockWrite();
        }
        for (RssCounter counter : RssCounter.values()) {
            Check.that(rss(counter) == 0, "a process ended with " + counter + " still counted");
        }
        Check.that(hugetlbPageCount() == 0, "a process ended with huge pages still counted");
        machine.exited(this);
    }

    /// Moves mappings with their pages, or changes the size of one.
    ///
    /// @param flags of [MremapFlags]
    /// @param newAddress where to, with [MremapFlags#FIXED]; a wish with [MremapFlags#DONTUNMAP]
    /// @kernel mm/mremap.c: mremap
    public MremapResult mremap(
            long address, long oldLength, long newLength, int flags, long newAddress) {
        return new Mremap(this, address, oldLength, newLength, flags, newAddress).execute();
    }

    /// Tells what the memory in `[address, address + length)` will be used for, or changes it.
    ///
    /// @return ENOMEM if a part is not mapped: the rest was done all the same
    /// @kernel mm/madvise.c: do_madvise
    public Errno madvise(long address, long length, Advice advice) {
        return Madvise.call(this, address, length, advice);
    }

    /// Says for each page of `[address, address + length)` whether an access would find it in
    /// memory: 1, else 0.
    ///
    /// @return EINVAL for an unaligned address, ENOMEM if a part is not mapped, EFAULT if the
    ///   answer has no room
    /// @kernel mm/mincore.c: mincore
    public Errno mincore(long address, long length, byte[] answer) {
        return Mincore.call(this, address, length, answer);
    }

    /// Faults in the pages of a range and keeps them in memory.
    ///
    /// @return ENOMEM if a part is not mapped or permits no access, EAGAIN if memory is out
    /// @kernel mm/mlock.c: mlock
    public Errno mlock(long address, long length) {
        return Mlock.lock(this, address, length, false);
    }

    /// The same, but each page is locked when it comes.
    ///
    /// @kernel mm/mlock.c: mlock2 with MLOCK_ONFAULT
    public Errno mlockOnFault(long address, long length) {
        return Mlock.lock(this, address, length, true);
    }

    /// Lets the pages of a range go from memory again.
    ///
    /// @return ENOMEM if a part is not mapped
    /// @kernel mm/mlock.c: munlock
    public Errno munlock(long address, long length) {
        return Mlock.unlock(this, address, length);
    }

    /// Locks all that is mapped now.
    ///
    /// @kernel mm/mlock.c: mlockall with MCL_CURRENT
    public void mlockAll() {
        Mlock.changeAll(this, VmFlags.LOCKED);
        Populate.populate(this, 0, PageSize.TASK_SIZE);
    }

    /// Unlocks all that is mapped.
    ///
    /// @kernel mm/mlock.c: munlockall
    public void munlockAll() {
        Mlock.changeAll(this, 0);
    }

    // Counters.

    /// Pages or swap entries that are counted for the process.
    ///
    /// @kernel include/linux/mm.h: get_mm_counter
    public long rss(RssCounter counter) {
        return rss.get(counter.slot);
    }

    /// For the code that installs and removes entries.
    ///
    /// @kernel include/linux/mm.h: add_mm_counter
    public void addRss(RssCounter counter, long delta) {
        rss.addAndGet(counter.slot, delta);
    }

    /// Anonymous pages that are mapped, wherever they are: `RssAnon`.
    public long anonymousPageCount() {
        return rss(RssCounter.ANON);
    }

    /// Huge pages of the pool that are mapped, which no other counter counts: `HugetlbPages`.
    ///
    /// @kernel include/linux/mm_types.h: mm->hugetlb_usage
    public long hugetlbPageCount() {
        return hugetlbPages.get();
    }

    /// For the code that installs and removes them.
    public void addHugetlbPages(int delta) {
        hugetlbPages.addAndGet(delta);
    }

    @Override
    public String toString() {
        return "process " + id;
    }
}
