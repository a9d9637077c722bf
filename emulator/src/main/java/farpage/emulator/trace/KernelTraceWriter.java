package farpage.emulator.trace;

import farpage.emulator.trace.KernelOperation.Advise;
import farpage.emulator.trace.KernelOperation.CheckPins;
import farpage.emulator.trace.KernelOperation.ClearSoftDirty;
import farpage.emulator.trace.KernelOperation.DeviceWrite;
import farpage.emulator.trace.KernelOperation.ForkBegin;
import farpage.emulator.trace.KernelOperation.ForkEnd;
import farpage.emulator.trace.KernelOperation.MapRegion;
import farpage.emulator.trace.KernelOperation.MergeScan;
import farpage.emulator.trace.KernelOperation.OnDevice;
import farpage.emulator.trace.KernelOperation.OnPages;
import farpage.emulator.trace.KernelOperation.Pin;
import farpage.emulator.trace.KernelOperation.Protect;
import farpage.emulator.trace.KernelOperation.ReadPage;
import farpage.emulator.trace.KernelOperation.Release;
import farpage.emulator.trace.KernelOperation.Remap;
import farpage.emulator.trace.KernelOperation.RemapKeeping;
import farpage.emulator.trace.KernelOperation.SetFlags;
import farpage.emulator.trace.KernelOperation.SoftDirty;
import farpage.emulator.trace.KernelOperation.SumPages;
import farpage.emulator.trace.KernelOperation.SwapOff;
import farpage.emulator.trace.KernelOperation.SwapOn;
import farpage.emulator.trace.KernelOperation.Unmap;
import farpage.emulator.trace.KernelOperation.Unpin;
import farpage.emulator.trace.KernelOperation.WriteByte;
import farpage.emulator.trace.KernelOperation.WritePage;

/// Writes kernel traces in the text that [KernelTrace] reads, so that a failing sequence of
/// operations becomes a file to replay.
///
/// @kernel none; see docs/TRACE_FORMAT.md
public final class KernelTraceWriter {
    private KernelTraceWriter() {}

    /// The trace as text, header and all, one operation a line.
    public static String format(KernelTrace trace) {
        StringBuilder text = new StringBuilder("=== ").append(trace.name()).append('\n');
        for (KernelOperation operation : trace.operations()) {
            text.append(format(operation)).append('\n');
        }
        return text.toString();
    }

    /// One operation as a line, without the newline.
    public static String format(KernelOperation operation) {
        String word = operation.word();
        return switch (operation) {
            case MapRegion map ->
                    "%s %s %d %s".formatted(word, map.region(), map.pageCount(), map.kind().word());
            case WritePage write ->
                    "%s %s %d %s"
                            .formatted(
                                    word,
                                    write.region(),
                                    write.startPage(),
                                    Long.toUnsignedString(write.seed()));
            case WriteByte write ->
                    "%s %s %d %d %d"
                            .formatted(
                                    word,
                                    write.region(),
                                    write.startPage(),
                                    write.offset(),
                                    write.value());
            case ReadPage read -> "%s %s %d".formatted(word, read.region(), read.startPage());
            case SumPages sum -> range(sum);
            case Unmap unmap -> range(unmap);
            case Protect protect -> range(protect) + " " + protect.protection().word();
            case Advise advise -> range(advise) + " " + advise.advice().word();
            case Remap remap ->
                    "%s %s %d"
                            .formatted(range(remap), remap.targetRegion(), remap.targetStartPage());
            case RemapKeeping remap ->
                    "%s %s %d"
                            .formatted(range(remap), remap.targetRegion(), remap.targetStartPage());
            case Pin pin -> range(pin);
            case SoftDirty bits -> range(bits);
            case KernelOperation.SetHugePages set ->
                    word + " " + set.order() + " " + set.setting().word();
            case SwapOn on -> word + " " + on.pageCount();
            case SwapOff off -> word + " " + off.area();
            case MergeScan _, ForkBegin _, ForkEnd _ -> word;
            case Unpin _, CheckPins _, ClearSoftDirty _ -> word;
            case KernelOperation.OnFile call -> call(call);
            case OnDevice command -> command(command) + (command.device() == 0 ? "" : " @1");
        };
    }

    private static String call(KernelOperation.OnFile call) {
        String start = call.word() + " " + call.region();
        return switch (call) {
            case KernelOperation.FileRead read -> start + " " + read.filePage();
            case KernelOperation.FileWrite write ->
                    start + " " + write.filePage() + " " + Long.toUnsignedString(write.seed());
            case KernelOperation.FileTruncate truncate -> start + " " + truncate.size();
            case KernelOperation.FilePunch punch ->
                    start + " " + punch.offset() + " " + punch.length();
            case KernelOperation.FileSync _ -> start;
        };
    }

    private static String command(OnDevice command) {
        return switch (command) {
            case Release release -> release.word();
            case SetFlags set -> set.word() + " " + Long.toUnsignedString(set.flags());
            case DeviceWrite write -> range(write) + " " + Long.toUnsignedString(write.seed());
            case KernelOperation.DeviceRead read -> range(read);
            case KernelOperation.MigrateToDevice migrate -> range(migrate);
            case KernelOperation.MigrateToSystem migrate -> range(migrate);
            case KernelOperation.Snapshot snapshot -> range(snapshot);
            case KernelOperation.Exclusive exclusive -> range(exclusive);
            case KernelOperation.CheckExclusive check -> range(check);
            case KernelOperation.Join join -> range(join);
        };
    }

    private static String range(OnPages operation) {
        return "%s %s %d %d"
                .formatted(
                        operation.word(),
                        operation.region(),
                        operation.startPage(),
                        operation.pageCount());
    }
}
