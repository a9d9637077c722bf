package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Vma;

/// What a driver does when its device file is mapped: it may put pages of its own into the new VMA.
///
/// @kernel include/linux/fs.h: struct file_operations, mmap
@FunctionalInterface
public interface DriverMmap {
    /// The mmap lock is held for writing, and nobody else can find the VMA yet.
    ///
    /// @return an error undoes the mapping and is what the process gets
    Errno mmap(Vma vma);
}
