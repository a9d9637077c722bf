package farpage.emulator.replay;

import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.PatternGenerator;
import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The operations of a trace that the process asks a device for.
///
/// @kernel lib/test_hmm_uapi.h
final class DeviceOperations {
    private final RegionSlots regions;
    private final PageBuffer buffer;
    private final ContentHash contentHash;

    DeviceOperations(RegionSlots regions, PageBuffer buffer, ContentHash contentHash) {
        this.regions = regions;
        this.buffer = buffer;
        this.contentHash = contentHash;
    }

    String execute(ReplayProcess process, KernelOperation.OnDevice operation) {
        Dmirror mirror = process.mirror(operation.device());
        return switch (operation) {
            case KernelOperation.DeviceRead read -> read(mirror, read);
            case KernelOperation.DeviceWrite write -> write(mirror, write);
            case KernelOperation.MigrateToDevice migrate -> migrateToDevice(mirror, migrate);
            case KernelOperation.MigrateToSystem migrate -> migrateToSystem(mirror, migrate);
            case KernelOperation.Snapshot snapshot -> snapshot(mirror, snapshot);
            case KernelOperation.Release _ -> release(mirror);
            case KernelOperation.Exclusive exclusive -> exclusive(mirror, exclusive);
            case KernelOperation.CheckExclusive check -> checkExclusive(mirror, check);
            case KernelOperation.Join join -> join(mirror, join);
            case KernelOperation.SetFlags flags -> setFlags(mirror, flags);
        };
    }

    private long address(KernelOperation.OnPages pages) {
        return regions.address(pages.region(), pages.startPage());
    }

    private String read(Dmirror mirror, KernelOperation.DeviceRead read) {
        MemorySegment pages = buffer.pages(read.pageCount());
        DmirrorReply reply =
                mirror.execute(new DmirrorCommand.Read(address(read), read.pageCount(), pages));
        return reply.errno().isOk() ? counts(reply) + hash(pages) : error(reply);
    }

    private String write(Dmirror mirror, KernelOperation.DeviceWrite write) {
        MemorySegment pages = buffer.pages(write.pageCount());
        new PatternGenerator(write.seed()).fill(pages, 0, PageSize.pageAddress(write.pageCount()));
        DmirrorReply reply =
                mirror.execute(new DmirrorCommand.Write(address(write), write.pageCount(), pages));
        return reply.errno().isOk() ? counts(reply) : error(reply);
    }

    private String migrateToDevice(Dmirror mirror, KernelOperation.MigrateToDevice migrate) {
        MemorySegment pages = buffer.pages(migrate.pageCount());
        DmirrorReply reply =
                mirror.execute(
                        new DmirrorCommand.MigrateToDevice(
                                address(migrate), migrate.pageCount(), pages));
        return reply.errno().isOk() ? counts(reply) + hash(pages) : error(reply);
    }

    private String migrateToSystem(Dmirror mirror, KernelOperation.MigrateToSystem migrate) {
        DmirrorReply reply =
                mirror.execute(
                        new DmirrorCommand.MigrateToSystem(address(migrate), migrate.pageCount()));
        return reply.errno().isOk() ? "0 cp=" + reply.copiedPages() : error(reply);
    }

    private String join(Dmirror mirror, KernelOperation.Join join) {
        MigrationResult result = mirror.collapse(address(join), join.pageCount());
        return result.errno().isOk() ? "0 cp=" + result.movedPages() : result.errno().describe();
    }

    private String snapshot(Dmirror mirror, KernelOperation.Snapshot snapshot) {
        MemorySegment bytes =
                buffer.pages(PageSize.pageNumber(PageSize.alignUp(snapshot.pageCount())));
        MemorySegment permissions = bytes.asSlice(0, snapshot.pageCount());
        DmirrorReply reply =
                mirror.execute(
                        new DmirrorCommand.Snapshot(
                                address(snapshot), snapshot.pageCount(), permissions));
        return reply.errno().isOk()
                ? "0 cp=" + reply.copiedPages() + " " + runs(permissions)
                : error(reply);
    }

    /// `PP*COUNT,...`: each permission byte with how many pages in a row have it.
    private static String runs(MemorySegment permissions) {
        StringBuilder text = new StringBuilder();
        long page = 0;
        while (page < permissions.byteSize()) {
            byte permission = permissions.get(ValueLayout.JAVA_BYTE, page);
            long first = page;
            while (page < permissions.byteSize()
                    && permissions.get(ValueLayout.JAVA_BYTE, page) == permission) {
                page++;
            }
            text.append(text.isEmpty() ? "" : ",")
                    .append(String.format("%02x*%d", permission & 0xff, page - first));
        }
        return text.toString();
    }

    private String exclusive(Dmirror mirror, KernelOperation.Exclusive exclusive) {
        MemorySegment pages = buffer.pages(exclusive.pageCount());
        DmirrorReply reply =
                mirror.execute(
                        new DmirrorCommand.Exclusive(
                                address(exclusive), exclusive.pageCount(), pages));
        return reply.errno().isOk() ? counts(reply) + hash(pages) : error(reply);
    }

    private String checkExclusive(Dmirror mirror, KernelOperation.CheckExclusive check) {
        DmirrorReply reply =
                mirror.execute(
                        new DmirrorCommand.CheckExclusive(address(check), check.pageCount()));
        return reply.errno().describe();
    }

    private static String setFlags(Dmirror mirror, KernelOperation.SetFlags flags) {
        DmirrorReply reply =
                mirror.execute(new DmirrorCommand.Flags(PageSize.PAGE_SIZE, flags.flags()));
        return reply.errno().describe();
    }

    private static String release(Dmirror mirror) {
        DmirrorReply reply = mirror.execute(new DmirrorCommand.Release(PageSize.PAGE_SIZE, 1));
        return reply.errno().describe();
    }

    private static String counts(DmirrorReply reply) {
        return "0 cp=" + reply.copiedPages() + " f=" + reply.faults();
    }

    private String hash(MemorySegment pages) {
        return " " + contentHash.of(pages);
    }

    private static String error(DmirrorReply reply) {
        return reply.errno().describe();
    }
}
