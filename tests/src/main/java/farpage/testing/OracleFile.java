package farpage.testing;

import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A file as the [PageOracle] knows it: its size, and a page for each index that ever was one of
/// it.
///
/// @kernel none
final class OracleFile {
    private final List<OracleCell.SharedPage> pages = new ArrayList<>();

    /// Whether it is on disk, so that it can be looked at there.
    final boolean isOnDisk;

    private long size;

    OracleFile(boolean isOnDisk, int pageCount) {
        this.isOnDisk = isOnDisk;
        resize(PageSize.pageAddress(pageCount), _ -> {});
    }

    long size() {
        return size;
    }

    private static int pageCount(long bytes) {
        return (int) PageSize.pageNumber(PageSize.alignUp(bytes));
    }

    OracleCell.SharedPage page(int index) {
        while (pages.size() <= index) {
            OracleCell.SharedPage page = new OracleCell.SharedPage();
            page.beyondEnd = pages.size() >= pageCount(size);
            pages.add(page);
        }
        return pages.get(index);
    }

    /// Bytes of a page that are before the end.
    int length(int index) {
        return Math.clamp(size - PageSize.pageAddress(index), 0, PageSize.PAGE_SIZE);
    }

    /// What a reader finds, or what is on disk: nothing beyond the end.
    PageContent content(int index) {
        int length = length(index);
        return length == 0
                ? PageContent.ZERO
                : page(index).content.withZeros(length, PageSize.PAGE_SIZE);
    }

    List<PageContent> contents() {
        List<PageContent> all = new ArrayList<>();
        for (int index = 0; index < pageCount(size); index++) {
            all.add(content(index));
        }
        return all;
    }

    /// What mappings stored beyond the end does not become a part of the file.
    ///
    /// @param lost is told of each page that leaves the file, before it does
    void resize(long newSize, Consumer<OracleCell.SharedPage> lost) {
        if (newSize > size && PageSize.offsetInPage(size) != 0) {
            clear(pageCount(size) - 1, PageSize.offsetInPage(size), PageSize.PAGE_SIZE);
        }
        if (newSize < size && PageSize.offsetInPage(newSize) != 0) {
            clear(pageCount(newSize) - 1, PageSize.offsetInPage(newSize), PageSize.PAGE_SIZE);
        }
        int before = pageCount(size);
        size = newSize;
        for (int index = 0; index < pages.size(); index++) {
            if (index >= pageCount(newSize) && index < before) {
                lose(pages.get(index), lost);
            }
            pages.get(index).beyondEnd = index >= pageCount(newSize);
        }
    }

    private static void lose(OracleCell.SharedPage page, Consumer<OracleCell.SharedPage> lost) {
        lost.accept(page);
        page.content = PageContent.ZERO;
    }

    private void clear(int index, int start, int end) {
        OracleCell.SharedPage page = page(index);
        page.content = page.content.withZeros(start, end);
    }

    void punch(long start, long end, Consumer<OracleCell.SharedPage> lost) {
        int last = pageCount(Math.min(end, Math.max(size, start)));
        for (int index = (int) PageSize.pageNumber(start); index < last; index++) {
            long first = PageSize.pageAddress(index);
            int from = (int) Math.max(0, start - first);
            int to = (int) Math.min(PageSize.PAGE_SIZE, end - first);
            if (from == 0 && to == PageSize.PAGE_SIZE) {
                lose(page(index), lost);
            } else {
                clear(index, from, to);
            }
        }
    }

    void write(int index, PageContent content) {
        long end = PageSize.pageAddress(index + 1);
        if (PageSize.pageAddress(index) > size) {
            resize(PageSize.pageAddress(index), _ -> {});
        }
        page(index).content = content;
        if (end > size) {
            size = end;
            for (int at = 0; at < pages.size(); at++) {
                pages.get(at).beyondEnd = at >= pageCount(size);
            }
        }
    }
}
