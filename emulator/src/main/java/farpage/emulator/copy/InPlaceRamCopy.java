package farpage.emulator.copy;

import farpage.mm.migrate.FolioPairs;
import farpage.opencl.ClEvent;
import farpage.opencl.ClQueue;
import java.util.ArrayList;
import java.util.List;

/// The way of a device that works on RAM where it lies: a kernel goes through a list of pages. One
/// launch for each pair of windows that folios lie in, which is one as a rule.
///
/// @opencl copy_pages.cl over CL_MEM_USE_HOST_PTR
final class InPlaceRamCopy implements RamCopyWay {
    private final ClQueue queue;
    private final HostWindows windows;
    private final PairListMemory memory;
    private final List<ClEvent> launched = new ArrayList<>();

    /// Folios of the batch that wait for a launch.
    private int[] waiting = new int[64];

    /// The list that is filled, and how much of it was launched and is full.
    private int list;

    private int first;
    private int end;

    /// @param queue stays the caller's
    InPlaceRamCopy(CopyDevice device, ClQueue queue) {
        this.queue = queue;
        this.windows = device.windows();
        this.memory = PairListMemory.open(device, device.program(method(device)));
    }

    /// On a processor one work-item to a page, elsewhere a group.
    private static CopyMethod method(CopyDevice device) {
        CopyAbilities abilities = device.abilities();
        if (!abilities.livesInHostMemory()) {
            return CopyMethod.IN_PLACE_GROUP;
        }
        return abilities.nonTemporalStores()
                ? CopyMethod.IN_PLACE_ITEM_NT
                : CopyMethod.IN_PLACE_ITEM;
    }

    @Override
    public void copy(FolioPairs folios) {
        list = 0;
        first = 0;
        end = 0;
        try {
            waiting = fit(waiting, folios.count());
            for (int i = 0; i < folios.count(); i++) {
                waiting[i] = i;
            }
            for (int left = folios.count(); left > 0; ) {
                left = launchPass(folios, left);
            }
            awaitAll();
        } finally {
            launched.forEach(ClEvent::close);
            launched.clear();
        }
    }

    private void awaitAll() {
        queue.flush();
        launched.forEach(ClEvent::await);
        launched.forEach(ClEvent::close);
        launched.clear();
    }

    private static int[] fit(int[] array, int size) {
        return size <= array.length ? array : new int[Math.max(size, 2 * array.length)];
    }

    /// Launches all folios that lie in the same two windows as the first that waits.
    ///
    /// @return how many wait still
    private int launchPass(FolioPairs folios, int count) {
        int source = windows.number(folios.source(waiting[0]));
        int destination = windows.number(folios.destination(waiting[0]));
        int left = 0;
        for (int at = 0; at < count; at++) {
            int i = waiting[at];
            long from = folios.source(i);
            long to = folios.destination(i);
            if (windows.number(from) != source || windows.number(to) != destination) {
                waiting[left++] = i;
                continue;
            }
            assert folios.length(i) <= windows.pagesToEnd(from);
            assert folios.length(i) <= windows.pagesToEnd(to);
            for (int done = 0; done < folios.length(i); ) {
                if (end == PairList.CAPACITY) {
                    launch(source, destination);
                    nextList();
                }
                int part = Math.min(folios.length(i) - done, PairList.CAPACITY - end);
                memory.lists()
                        .get(list)
                        .fill(end, part, windows.index(from) + done, windows.index(to) + done);
                end += part;
                done += part;
            }
        }
        launch(source, destination);
        return left;
    }

    /// What is listed and not launched yet.
    private void launch(int source, int destination) {
        if (first < end) {
            launched.add(
                    memory.lists()
                            .get(list)
                            .launch(
                                    queue,
                                    windows.window(source),
                                    windows.window(destination),
                                    first,
                                    end - first));
            first = end;
        }
    }

    /// Once all are full they are used again.
    private void nextList() {
        list++;
        if (list == memory.lists().size()) {
            awaitAll();
            list = 0;
        }
        first = 0;
        end = 0;
    }

    @Override
    public void close() {
        memory.close();
    }
}
