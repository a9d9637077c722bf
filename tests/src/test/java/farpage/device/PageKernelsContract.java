package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import farpage.opencl.kernel.ChecksumPages;
import farpage.opencl.kernel.GatherPages;
import farpage.opencl.kernel.PageChecksum;
import farpage.opencl.kernel.PageShape;
import farpage.opencl.kernel.ScatterPages;
import farpage.opencl.kernel.ZeroPages;
import farpage.opencl.kernel.layout.PageListLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The page kernels against what Java does with the same bytes, in both shapes.
abstract class PageKernelsContract extends ClContract {
    /// A heap of pages, a list of some of them in random order behind two others, and staging.
    private final class Scene {
        final int pageShift;
        final int pageSize;
        final int[] listed;
        final MemorySegment heapBytes;
        final ClBuffer heap;
        final ClBuffer pages;

        Scene(int pageShift, int heapPages, int count) {
            this.pageShift = pageShift;
            this.pageSize = 1 << pageShift;
            this.listed = distinct(heapPages, count);
            this.heapBytes = words((long) heapPages << pageShift, 11);
            this.heap = buffer(heapBytes.byteSize());
            queue.writeBlocking(heap, 0, heapBytes);
            MemorySegment list = arena.allocate(PageListLayout.size(count + 2), 4);
            PageListLayout.set(list, 0, 0xFFFFFFFFL);
            PageListLayout.set(list, 1, 0xFFFFFFFFL);
            for (int i = 0; i < count; i++) {
                PageListLayout.set(list, i + 2, listed[i]);
            }
            this.pages = buffer(list.byteSize());
            queue.writeBlocking(pages, 0, list);
        }

        MemorySegment page(int i) {
            return heapBytes.asSlice((long) listed[i] << pageShift, pageSize);
        }
    }

    private static int[] distinct(int bound, int count) {
        return new Random(4711).ints(0, bound).distinct().limit(count).toArray();
    }

    private MemorySegment words(long size, long seed) {
        MemorySegment memory = arena.allocate(size, 64);
        Random random = new Random(seed);
        for (long at = 0; at < size; at += 8) {
            memory.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
        return memory;
    }

    @ParameterizedTest
    @CsvSource({
        "ITEM_PER_PAGE, 12, 300, 131", "GROUP_PER_PAGE, 12, 300, 131",
        "ITEM_PER_PAGE, 16, 20, 7", "GROUP_PER_PAGE, 16, 20, 7",
        "ITEM_PER_PAGE, 21, 5, 3", "GROUP_PER_PAGE, 21, 5, 3",
        "ITEM_PER_PAGE, 12, 1, 1", "GROUP_PER_PAGE, 12, 1, 1"
    })
    void gatherCollectsTheListedPagesInOrder(PageShape shape, int shift, int heap, int count) {
        Scene scene = new Scene(shift, heap, count);
        MemorySegment expected = words((count + 2L) << shift, 12);
        ClBuffer staging = buffer(expected.byteSize());
        queue.writeBlocking(staging, 0, expected);
        try (GatherPages gather = new GatherPages(context, device, shape);
                ClEvent gathered =
                        gather.launch(
                                queue, scene.heap, scene.pages, 2, count, staging, 1, shift)) {
            gathered.await();
        }
        for (int i = 0; i < count; i++) {
            MemorySegment place = expected.asSlice((i + 1L) << shift, scene.pageSize);
            place.copyFrom(scene.page(i));
        }
        assertBytes(expected, contents(staging));
        assertBytes(scene.heapBytes, contents(scene.heap));
    }

    @ParameterizedTest
    @CsvSource({
        "ITEM_PER_PAGE, 12, 300, 131", "GROUP_PER_PAGE, 12, 300, 131",
        "ITEM_PER_PAGE, 21, 5, 3", "GROUP_PER_PAGE, 21, 5, 3"
    })
    void scatterPutsPagesWhereTheListSays(PageShape shape, int shift, int heap, int count) {
        Scene scene = new Scene(shift, heap, count);
        MemorySegment staged = words((count + 1L) << shift, 13);
        ClBuffer staging = buffer(staged.byteSize());
        queue.writeBlocking(staging, 0, staged);
        try (ScatterPages scatter = new ScatterPages(context, device, shape)) {
            scatter.enqueue(queue, scene.heap, scene.pages, 2, count, staging, 1, shift);
            queue.finish();
        }
        for (int i = 0; i < count; i++) {
            scene.page(i).copyFrom(staged.asSlice((i + 1L) << shift, scene.pageSize));
        }
        assertBytes(scene.heapBytes, contents(scene.heap));
        assertBytes(staged, contents(staging));
    }

    @ParameterizedTest
    @CsvSource({
        "ITEM_PER_PAGE, 12, 300, 131", "GROUP_PER_PAGE, 12, 300, 131",
        "ITEM_PER_PAGE, 21, 5, 3", "GROUP_PER_PAGE, 21, 5, 3"
    })
    void zeroClearsTheListedPagesOnly(PageShape shape, int shift, int heap, int count) {
        Scene scene = new Scene(shift, heap, count);
        try (ZeroPages zero = new ZeroPages(context, device, shape)) {
            zero.launch(queue, scene.heap, scene.pages, 2, count, shift).close();
            queue.finish();
        }
        for (int i = 0; i < count; i++) {
            scene.page(i).fill((byte) 0);
        }
        assertBytes(scene.heapBytes, contents(scene.heap));
    }

    @ParameterizedTest
    @CsvSource({
        "ITEM_PER_PAGE, 12, 300, 131", "GROUP_PER_PAGE, 12, 300, 131",
        "ITEM_PER_PAGE, 16, 20, 7", "GROUP_PER_PAGE, 16, 20, 7",
        "ITEM_PER_PAGE, 21, 5, 3", "GROUP_PER_PAGE, 21, 5, 3"
    })
    void checksumsAreThoseOfTheHost(PageShape shape, int shift, int heap, int count) {
        Scene scene = new Scene(shift, heap, count);
        ClBuffer sums = buffer((count + 2L) * Long.BYTES);
        queue.enqueueFill(sums, 0, sums.size(), -1, 8);
        try (ChecksumPages checksum = new ChecksumPages(context, device, shape)) {
            checksum.enqueue(queue, scene.heap, scene.pages, 2, count, sums, 1, shift);
            queue.finish();
        }
        MemorySegment computed = contents(sums);
        assertEquals(-1, computed.getAtIndex(ValueLayout.JAVA_LONG, 0));
        assertEquals(-1, computed.getAtIndex(ValueLayout.JAVA_LONG, count + 1L));
        for (int i = 0; i < count; i++) {
            assertEquals(
                    PageChecksum.of(scene.page(i), 0, scene.pageSize),
                    computed.getAtIndex(ValueLayout.JAVA_LONG, i + 1L),
                    "page " + i);
        }
    }

    @ParameterizedTest
    @EnumSource
    void launchersRefuseWhatDoesNotFit(PageShape shape) {
        Scene scene = new Scene(12, 4, 2);
        ClBuffer staging = buffer(2 * PAGE);
        Class<IllegalArgumentException> refused = IllegalArgumentException.class;
        try (GatherPages gather = new GatherPages(context, device, shape)) {
            assertThrows(
                    refused,
                    () -> gather.enqueue(queue, scene.heap, scene.pages, 3, 2, staging, 0, 12));
            assertThrows(
                    refused,
                    () -> gather.enqueue(queue, scene.heap, scene.pages, 2, 2, staging, 1, 12));
            assertThrows(
                    refused,
                    () -> gather.enqueue(queue, scene.heap, scene.pages, 2, 2, staging, 0, 13));
            assertThrows(
                    refused,
                    () -> gather.enqueue(queue, scene.heap, scene.pages, 2, 0, staging, 0, 12));
            assertThrows(
                    refused,
                    () -> gather.enqueue(queue, scene.heap, scene.pages, 2, 1, staging, 0, 11));
            assertThrows(
                    refused,
                    () -> gather.enqueue(queue, scene.heap, scene.pages, 2, 1, staging, 0, 22));
        }
    }
}
