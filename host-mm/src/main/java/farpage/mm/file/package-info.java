/// Files as memory sees them: their pages in RAM, and the VMAs that map them. What `mm/filemap.c`,
/// `mm/shmem.c` and `mm/truncate.c` are in the kernel.
///
/// A [farpage.mm.file.FileMapping] holds the pages of one file, by their index, and knows every VMA
/// that maps it. Behind it is a [farpage.mm.file.BackingStore]: a file on disk, or nothing at all
/// for shared memory, whose pages are the only place of its contents. An [farpage.mm.file.OpenFile]
/// is one way to it, with the right to read or write; descriptors and VMAs hold references to it,
/// and with the last one the pages go.
///
/// A file on disk may have large folios: it has or loses each as a whole, and what is said of a
/// page here, that it is locked, dirty or read in, is said of its folio. A [farpage.mm.file.Pipe]
/// has references to pages of files.
///
/// A page is found without a lock and then locked; whoever finds it checks, under the folio lock,
/// that it still belongs to the file. A page leaves the file only under its folio lock, after it
/// was unmapped everywhere.
@org.jspecify.annotations.NullMarked
package farpage.mm.file;
