package farpage.mm;

import farpage.mm.file.FileMapping;
import farpage.mm.file.OpenFile;
import farpage.mm.rmap.VmaIntervalTree;

/// Keeps the links between VMAs and the files that they map right when VMAs are born, cut and
/// removed. Each linked VMA has a reference to its file.
///
/// @kernel mm/vma.c: vma_link_file, unlink_file_vma, vma_prepare, vma_complete
final class FileLinks {
    private FileLinks() {}

    static void link(Vma vma) {
        OpenFile file = vma.file();
        VmaIntervalTree.Node node = vma.fileNode();
        if (file != null && node != null) {
            file.get();
            file.mapping().link(node);
        }
    }

    /// The file may go with it.
    static void unlink(Vma vma) {
        OpenFile file = vma.file();
        VmaIntervalTree.Node node = vma.fileNode();
        if (file != null && node != null) {
            file.mapping().unlink(node);
            file.put();
        }
    }

    /// Changes the bounds where no reverse map can look in between.
    static void setBounds(Vma vma, long start, long end) {
        OpenFile file = vma.file();
        VmaIntervalTree.Node node = vma.fileNode();
        if (file == null || node == null) {
            AnonVmaLinks.setBounds(vma, start, end);
            return;
        }
        FileMapping mapping = file.mapping();
        mapping.changeBounds(node, () -> AnonVmaLinks.setBounds(vma, start, end));
    }
}
