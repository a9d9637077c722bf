package farpage.emulator.inspect;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.devmem.DeviceChunk;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.peer.PeerClient;
import farpage.emulator.peer.PeerExports;
import farpage.mm.Page;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What must be true of the pages that devices have of each other: who is counted at a page has an
/// entry for it, and each entry is counted. That an entry names the page that the process has there
/// is checked with all others.
///
/// @kernel None: a check of the model
final class PeerCheck {
    private final Emulator emulator;
    private final List<String> broken = new ArrayList<>();

    /// Entries for each page of another device.
    private final Map<Long, Integer> entries = new TreeMap<>();

    PeerCheck(Emulator emulator) {
        this.emulator = emulator;
    }

    /// Pages of a chunk that were freed, but are kept for another device.
    static long keptPages(EmulatedDevice device, DeviceChunk chunk) {
        PeerExports exports = device.peers().map(PeerClient::exports).orElse(null);
        return exports == null ? 0 : exports.keptPages(chunk);
    }

    List<String> violations() {
        for (EmulatedDevice device : emulator.devices()) {
            device.peers().ifPresent(client -> checkClient(device, client));
        }
        long counted = 0;
        for (EmulatedDevice device : emulator.devices()) {
            PeerExports exports = device.peers().map(PeerClient::exports).orElse(null);
            counted += exports == null ? 0 : exports.mappedPages();
        }
        long named = entries.values().stream().mapToLong(Integer::longValue).sum();
        expect(counted == named, "devices have " + counted + " pages of others, entries " + named);
        entries.forEach(this::checkPage);
        return broken;
    }

    private void checkClient(EmulatedDevice device, PeerClient client) {
        long named = 0;
        for (Dmirror file : device.openMirrors()) {
            named += collect(device, file.mirror().table());
        }
        expect(
                client.mappedPages() == named,
                "%s: counts %d pages of others, its tables name %d"
                        .formatted(device, client.mappedPages(), named));
    }

    private long collect(EmulatedDevice device, DevicePageTable table) {
        long found = 0;
        table.lock();
        try {
            for (long at = table.nextPresentLocked(0); at >= 0; ) {
                long entry = table.entryLocked(at);
                if (DevicePte.isPeer(entry)) {
                    found++;
                    entries.merge(DevicePte.page(entry), 1, Integer::sum);
                }
                at = table.nextPresentLocked(at + 1);
            }
            expect(
                    found == table.peerEntryCountLocked(),
                    "%s: a table counts %d pages of others, and names %d"
                            .formatted(device, table.peerEntryCountLocked(), found));
        } finally {
            table.unlock();
        }
        return found;
    }

    private void checkPage(long dmaPage, int named) {
        for (EmulatedDevice device : emulator.devices()) {
            PeerExports exports = device.peers().map(PeerClient::exports).orElse(null);
            if (exports == null || !device.memory().owns(exports.privatePage(dmaPage))) {
                continue;
            }
            long page = exports.privatePage(dmaPage);
            expect(
                    exports.mappings(dmaPage) == named,
                    "%s: counts %d mappings by others, %d entries name it"
                            .formatted(Page.describe(dmaPage), exports.mappings(dmaPage), named));
            expect(
                    emulator.machine().folios().refCount(page) > 0,
                    Page.describe(page) + " is free, but another device has it");
            return;
        }
        broken.add(Page.describe(dmaPage) + " is no device's, but another device has it");
    }

    private void expect(boolean condition, String otherwise) {
        if (!condition) {
            broken.add(otherwise);
        }
    }
}
