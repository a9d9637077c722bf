package farpage.mm.file;

/// A copy of a page of a file that a device reads from, as the file knows it. It is equal to the
/// page for as long as the file knows it.
///
/// @kernel include/linux/pagemap.h: a copy that was proposed at LSF/MM 2025, compared with the
///   layouts of fs/nfsd
public interface DeviceCopy {
    /// The device page that has the bytes.
    long devicePage();

    /// The page is about to change, or to leave its file: the device must not read the copy any
    /// more once this returns. Called once, with the page's folio locked; takes no lock outside
    /// that of a device's page table.
    void drop();
}
