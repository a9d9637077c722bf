package farpage.mm.file;

/// What a file is called where a process's mappings are shown.
///
/// @param path its path, or what stands for it where it has none
/// @param inode its number
/// @param inMemory whether it lies on the kernel's own mount of memory files
/// @kernel include/linux/fs.h: struct inode, i_ino; fs/d_path.c
public record FileName(String path, long inode, boolean inMemory) {
    /// Major and minor number of the file system's device.
    public String device() {
        return inMemory ? "00:01" : "08:01";
    }
}
