package farpage.testing;

import farpage.emulator.replay.ContentHash;
import farpage.emulator.trace.KernelOperation;
import farpage.mm.PageSize;
import java.util.List;
import java.util.Objects;

/// What calls for files answer and do to the account.
///
/// @kernel mm/filemap.c, mm/shmem.c, mm/truncate.c
final class OracleCallsOnFiles {
    private final PageOracle.Rules rules;
    private final ContentHash contentHash;
    private final OracleMemory memory;
    private final OraclePins pins;

    OracleCallsOnFiles(
            PageOracle.Rules rules, ContentHash contentHash, OracleMemory memory, OraclePins pins) {
        this.rules = rules;
        this.contentHash = contentHash;
        this.memory = memory;
        this.pins = pins;
    }

    boolean knows(KernelOperation.OnFile call) {
        return memory.lookupFile(call.region()) != null;
    }

    String judge(KernelOperation.OnFile call, String result) {
        OracleFile file = Objects.requireNonNull(memory.lookupFile(call.region()));
        if (rules.failing() && rules.movesFiles() && result.equals("-EIO")) {
            return ""; // a page could not be had from a device, and nothing has changed
        }
        return switch (call) {
            case KernelOperation.FileRead read ->
                    PageOracle.expect(
                            "n=" + file.length(read.filePage()) + " " + hash(file, read), result);
            case KernelOperation.FileWrite write -> {
                file.write(write.filePage(), PageContent.pattern(write.seed(), 1).getFirst());
                yield PageOracle.expect("n=" + PageSize.PAGE_SIZE, result);
            }
            case KernelOperation.FileTruncate truncate -> {
                file.resize(truncate.size(), this::lose);
                yield PageOracle.expect("ok", result);
            }
            case KernelOperation.FilePunch punch -> {
                file.punch(punch.offset(), punch.offset() + punch.length(), this::lose);
                yield PageOracle.expect("ok", result);
            }
            case KernelOperation.FileSync _ -> PageOracle.expect(synced(file), result);
        };
    }

    private String hash(OracleFile file, KernelOperation.FileRead read) {
        return PageContent.hash(List.of(file.content(read.filePage())), contentHash);
    }

    private String synced(OracleFile file) {
        return file.isOnDisk
                ? "ok n=" + file.size() + " " + PageContent.hash(file.contents(), contentHash)
                : "ok";
    }

    @SuppressWarnings("ReferenceEquality") // that page, and no other
    private void lose(OracleCell.SharedPage page) {
        pins.loseObject(page);
        memory.forEachOfAll(cell -> cell.softDirty &= !(cell.isShared() && cell.object() == page));
    }
}
