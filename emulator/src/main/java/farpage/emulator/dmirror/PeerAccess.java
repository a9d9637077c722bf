package farpage.emulator.dmirror;

import farpage.emulator.copy.AccessBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.peer.PeerClient;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The pages of other devices that one round of accesses meets, a batch for each owner.
///
/// @kernel None: what the hardware does with a mapped page of a peer
final class PeerAccess {
    private final PeerClient client;

    /// By the number of the owner.
    private final List<AccessBatch> batches = new ArrayList<>();

    PeerAccess(PeerClient client) {
        this.client = client;
    }

    void clear() {
        batches.forEach(AccessBatch::clear);
    }

    /// Lists a page that the device's table names.
    ///
    /// @param offset where its bytes lie in the caller's buffer
    void add(long dmaPage, long offset) {
        int owner = client.ownerNumber(dmaPage);
        while (batches.size() <= owner) {
            batches.add(new AccessBatch());
        }
        client.add(batches.get(owner), dmaPage, offset);
    }

    /// Moves the bytes of all that is listed.
    ///
    /// @return false if a device failed
    boolean transfer(MemorySegment buffer, boolean write) {
        for (int owner = 0; owner < batches.size(); owner++) {
            AccessBatch batch = batches.get(owner);
            if (batch.isEmpty()) {
                continue;
            }
            CopyResult result =
                    write ? client.write(owner, batch, buffer) : client.read(owner, batch, buffer);
            if (!result.isCopied()) {
                return false;
            }
        }
        return true;
    }
}
