package farpage.emulator.selftest;

import farpage.mm.Advice;
import farpage.mm.PageSize;
import java.util.List;
import java.util.Locale;

/// How long migrations of buffers of several sizes take with huge pages and without, in the table
/// of the kernel's program.
///
/// The whole call to the device includes that it is read there and handed to the process; so the
/// bare migrations are timed too, in the same rounds, and stand in lines of their own below.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: benchmark_thp_migration
final class BenchmarkCases {
    private static final int ROUNDS = 5;

    private static final List<Size> SIZES =
            List.of(
                    new Size("Small Buffer (512KB)", 512 << 10),
                    new Size("Half THP Size (1MB)", 1 << 20),
                    new Size("Single THP Size (2MB)", 2 << 20),
                    new Size("Two THP Size (4MB)", 4 << 20),
                    new Size("Four THP Size (8MB)", 8 << 20),
                    new Size("Eight THP Size (16MB)", 16 << 20),
                    new Size("One twenty eight THP Size (256MB)", 256 << 20));

    private BenchmarkCases() {}

    /// A buffer to be migrated.
    private record Size(String name, int bytes) {
        double mebibytes() {
            return bytes / (double) (1 << 20);
        }

        /// Of a round that takes so long; the kernel's program calls it GB/s.
        double gibibytesPerSecond(double millis) {
            return bytes / (double) (1 << 30) / (millis / 1000);
        }
    }

    /// Means of the rounds, in milliseconds.
    private record Times(double toDevice, double toSystem, double bareToDevice, double bareBack) {}

    /// Migrates buffers of seven sizes there and back, with huge pages and without, and prints how
    /// long that takes. Sizes for which the machine is too small are named.
    static void thpMigration(TestProgram program) {
        program.print("HMM THP Migration Benchmark");
        program.print("System page size: " + PageSize.PAGE_SIZE + " bytes");
        for (Size size : SIZES) {
            title(program, size);
            if (!program.hasRoomFor(size.bytes())) {
                program.print("not measured: the machine has too little memory");
                continue;
            }
            TestPages buffer = program.process().map(size.bytes() / PageSize.PAGE_SIZE);
            Times thp = measure(program, buffer, Advice.HUGEPAGE);
            TestPages again = buffer.mappedAgain();
            Times regular = measure(program, again, Advice.NOHUGEPAGE);
            again.unmap();
            print(program, size, thp, regular);
        }
    }

    private static Times measure(TestProgram program, TestPages buffer, Advice advice) {
        buffer.fillMirror(Values.constant(-1));
        buffer.advise(advice);
        buffer.store(i -> i & 0xff);
        DeviceFile device = program.device();
        device.migrateToDevice(buffer).succeeds();
        device.migrateToSystem(buffer).succeeds();

        long[] nanos = new long[4];
        for (int round = 0; round < ROUNDS; round++) {
            nanos[0] += program.nanosOf(() -> device.migrateToDevice(buffer).succeeds());
            nanos[1] += program.nanosOf(() -> device.migrateToSystem(buffer).succeeds());
            nanos[2] += program.nanosOf(() -> device.migrateToDeviceOnly(buffer));
            nanos[3] += program.nanosOf(() -> device.migrateToSystem(buffer).succeeds());
        }
        return new Times(millis(nanos[0]), millis(nanos[1]), millis(nanos[2]), millis(nanos[3]));
    }

    /// The mean of the rounds.
    private static double millis(long nanos) {
        return nanos / 1e6 / ROUNDS;
    }

    private static void title(TestProgram program, Size size) {
        program.print("");
        program.print(
                String.format(Locale.ROOT, "=== %s (%.1f MB) ===", size.name(), size.mebibytes()));
    }

    private static void print(TestProgram program, Size size, Times thp, Times regular) {
        program.print(row("", "With THP", "Without THP", "Improvement"));
        program.print("-".repeat(69));
        time(program, "Sys->Dev Migration", thp.toDevice(), regular.toDevice());
        time(program, "Dev->Sys Migration", thp.toSystem(), regular.toSystem());
        rate(program, "S->D Throughput", size, thp.toDevice(), regular.toDevice());
        rate(program, "D->S Throughput", size, thp.toSystem(), regular.toSystem());
        time(program, "Sys->Dev bare", thp.bareToDevice(), regular.bareToDevice());
        time(program, "Dev->Sys bare", thp.bareBack(), regular.bareBack());
    }

    private static void time(TestProgram program, String name, double thp, double regular) {
        program.print(
                row(
                        name,
                        String.format(Locale.ROOT, "%.3f ms", thp),
                        String.format(Locale.ROOT, "%.3f ms", regular),
                        percent((regular - thp) / regular)));
    }

    private static void rate(
            TestProgram program, String name, Size size, double thpMillis, double regularMillis) {
        double thp = size.gibibytesPerSecond(thpMillis);
        double regular = size.gibibytesPerSecond(regularMillis);
        program.print(
                row(
                        name,
                        String.format(Locale.ROOT, "%.2f GB/s", thp),
                        String.format(Locale.ROOT, "%.2f GB/s", regular),
                        percent((thp - regular) / regular)));
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f%%", share * 100);
    }

    private static String row(String name, String thp, String regular, String improvement) {
        return String.format(
                Locale.ROOT, "%-20s | %-15s | %-15s | %s", name, thp, regular, improvement);
    }
}
