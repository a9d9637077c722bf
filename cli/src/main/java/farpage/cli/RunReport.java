package farpage.cli;

import farpage.emulator.trace.Fnv1a64;
import farpage.emulator.workload.MigrationRate;
import farpage.emulator.workload.ResidencyMap;
import farpage.emulator.workload.ResidencyPicture;
import farpage.emulator.workload.RunSummary;
import java.io.PrintStream;
import java.util.Locale;

/// What `run` and `demo` print about a workload: the summary, the picture, the rates, the digest.
final class RunReport {
    private static final int PICTURE_ROWS = 16;

    /// What was run, on what.
    ///
    /// @param workload its name: the file, or what a built-in workload is called
    /// @param device name of the device
    /// @param binding the binding in use
    /// @param seed where every choice came from
    /// @param memoryBytes RAM of the machine
    /// @param deviceMemoryBytes memory of the device
    record Setting(
            String workload,
            String device,
            String binding,
            long seed,
            long memoryBytes,
            long deviceMemoryBytes) {}

    /// What went to swap and came back.
    ///
    /// @param sizeBytes of the swap area; 0 for none
    /// @param outPages pages written
    /// @param inPages pages read
    record Swap(long sizeBytes, long outPages, long inPages) {}

    private final Setting setting;
    private final RunSummary summary;
    private final Swap swap;
    private final String views;

    /// @param views what is shown of the process, in whole lines
    RunReport(Setting setting, RunSummary summary, Swap swap, String views) {
        this.setting = setting;
        this.summary = summary;
        this.swap = swap;
        this.views = views;
    }

    /// Prints all for people; the last line is the digest.
    void printText(
            PrintStream out,
            ResidencyMap residency,
            ResidencyPicture picture,
            MigrationRate migrationRate) {
        printSummary(out);
        out.print("\n");
        picture.draw(residency, PICTURE_ROWS, summary.accesses().total())
                .forEach(line -> out.print(line + "\n"));
        out.print("\n");
        out.print(
                describe("to the device", migrationRate.bytes(), "write", toDevice(migrationRate)));
        out.print(
                describe("to the system", migrationRate.bytes(), "read", toSystem(migrationRate)));
        out.print(views);
        out.print("digest %s\n".formatted(Fnv1a64.format(summary.digest())));
    }

    private void printSummary(PrintStream out) {
        RunSummary.Accesses accesses = summary.accesses();
        line(out, "workload", "%s, seed %d".formatted(setting.workload(), setting.seed()));
        line(out, "device", "%s, through %s".formatted(setting.device(), setting.binding()));
        line(
                out,
                "memory",
                "%s of RAM, %s on the device"
                        .formatted(
                                SizeConverter.format(setting.memoryBytes()),
                                SizeConverter.format(setting.deviceMemoryBytes())));
        line(
                out,
                "accesses",
                "%s: %s fetches, %s loads, %s stores, %s modifies"
                        .formatted(
                                count(accesses.total()),
                                count(accesses.fetches()),
                                count(accesses.loads()),
                                count(accesses.stores()),
                                count(accesses.modifies())));
        line(
                out,
                "",
                "%s run by the CPU, %s by the device (after splitting at page boundaries)"
                        .formatted(count(accesses.cpuParts()), count(accesses.deviceParts())));
        line(out, "verified", count(summary.loadsVerified()) + " loads, none wrong");
        line(
                out,
                "page faults",
                "%s of the CPU, %s of the device"
                        .formatted(
                                count(summary.faults().cpu()), count(summary.faults().device())));
        line(out, "to device", transfer(summary.toDevice()));
        line(
                out,
                "to system",
                transfer(summary.toSystem())
                        + (summary.evictedPages() > 0
                                ? ", %s of the pages to make room"
                                        .formatted(count(summary.evictedPages()))
                                : ""));
        if (swap.sizeBytes() > 0) {
            line(
                    out,
                    "swap",
                    "%s: %s pages written, %s read back"
                            .formatted(
                                    SizeConverter.format(swap.sizeBytes()),
                                    count(swap.outPages()),
                                    count(swap.inPages())));
        }
        printTimes(out);
    }

    private void printTimes(PrintStream out) {
        RunSummary.Times times = summary.times();
        double total = Math.max(1, times.totalNanos());
        long rest =
                times.totalNanos()
                        - times.readNanos()
                        - times.cpuNanos()
                        - times.deviceNanos()
                        - times.verifyNanos();
        line(
                out,
                "time",
                String.format(
                        Locale.ROOT,
                        "%.2f s, %.1f million accesses/s: CPU phases %.0f %%, device phases %.0f %%,"
                                + " checking %.0f %%, reading the trace %.0f %%, other %.0f %%",
                        total / 1e9,
                        summary.accesses().total() * 1e3 / total,
                        100 * times.cpuNanos() / total,
                        100 * times.deviceNanos() / total,
                        100 * times.verifyNanos() / total,
                        100 * times.readNanos() / total,
                        100 * Math.max(0, rest) / total));
    }

    private static void line(PrintStream out, String name, String value) {
        out.print("%-12s %s\n".formatted(name, value));
    }

    /// Pages that were never written are cleared on the other side and not copied.
    private static String transfer(RunSummary.Transfer transfer) {
        return String.format(
                Locale.ROOT,
                "%,d pages, %s copied at %.2f GB/s",
                transfer.pages(),
                SizeConverter.format(transfer.bytes()),
                transfer.gigabytesPerSecond());
    }

    /// @param gbps the rate of the migration
    /// @param rawGbps the rate of the plain copy
    private record Direction(double gbps, double rawGbps) {
        double ratio() {
            return gbps / rawGbps;
        }
    }

    private static Direction toDevice(MigrationRate rate) {
        return new Direction(rate.toDeviceGbps(), rate.rawWriteGbps());
    }

    private static Direction toSystem(MigrationRate rate) {
        return new Direction(rate.toSystemGbps(), rate.rawReadGbps());
    }

    private static String describe(String name, long bytes, String rawName, Direction direction) {
        return String.format(
                Locale.ROOT,
                "%s of base pages migrate %s at %.2f GB/s; a plain OpenCL %s makes %.2f GB/s (%.2f of it)%n",
                SizeConverter.format(bytes),
                name,
                direction.gbps(),
                rawName,
                direction.rawGbps(),
                direction.ratio());
    }

    /// The rows for programs: one about the workload, two about the rates of migration.
    void printRows(RowOutput rows, Row context, MigrationRate migrationRate) {
        rows.context(context);
        rows.row(views.isEmpty() ? row() : row().put("views", views.lines().toList()));
        rows.row(migrateRow("toDevice", migrationRate.bytes(), toDevice(migrationRate)));
        rows.row(migrateRow("toSystem", migrationRate.bytes(), toSystem(migrationRate)));
        rows.end();
    }

    private Row row() {
        RunSummary.Accesses accesses = summary.accesses();
        RunSummary.Times times = summary.times();
        return Row.ok("run")
                .put("name", setting.workload())
                .put("seed", setting.seed())
                .put("memoryBytes", setting.memoryBytes())
                .put("deviceMemoryBytes", setting.deviceMemoryBytes())
                .put("accesses", accesses.total())
                .put("fetches", accesses.fetches())
                .put("loads", accesses.loads())
                .put("stores", accesses.stores())
                .put("modifies", accesses.modifies())
                .put("cpuAccesses", accesses.cpuParts())
                .put("deviceAccesses", accesses.deviceParts())
                .put("loadsVerified", summary.loadsVerified())
                .put("cpuFaults", summary.faults().cpu())
                .put("deviceFaults", summary.faults().device())
                .put("toDevice", transferRow(summary.toDevice()))
                .put("toSystem", transferRow(summary.toSystem()))
                .put("evictedPages", summary.evictedPages())
                .put("swapBytes", swap.sizeBytes())
                .put("swapOutPages", swap.outPages())
                .put("swapInPages", swap.inPages())
                .put("totalMicros", times.totalNanos() / 1e3)
                .put("readMicros", times.readNanos() / 1e3)
                .put("cpuMicros", times.cpuNanos() / 1e3)
                .put("deviceMicros", times.deviceNanos() / 1e3)
                .put("verifyMicros", times.verifyNanos() / 1e3)
                .put("verified", true)
                .put("digest", Fnv1a64.format(summary.digest()));
    }

    private static Row transferRow(RunSummary.Transfer transfer) {
        return new Row()
                .put("pages", transfer.pages())
                .put("bytes", transfer.bytes())
                .put("gbps", transfer.gigabytesPerSecond());
    }

    private static Row migrateRow(String name, long bytes, Direction direction) {
        return Row.ok("migrationRate")
                .put("direction", name)
                .put("order", 0)
                .put("layout", "contiguous")
                .put("bytes", bytes)
                .put("gbps", direction.gbps())
                .put("rawGbps", direction.rawGbps())
                .put("ratio", direction.ratio());
    }

    /// A count with its thousands apart.
    private static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
