package farpage.property;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.devmem.DeviceFolioCounters;
import farpage.emulator.trace.KernelOperation;
import farpage.mm.PageSize;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.memory.FolioOrders;
import farpage.testing.EmulatorSystem;
import farpage.testing.SystemUnderTest;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What became of large folios in a run of many emulators, so that one can see whether it met them.
final class FolioTallies {
    private final Map<HugePageCounters.Event, Long> events =
            new EnumMap<>(HugePageCounters.Event.class);
    private final long[] faulted = new long[PageSize.HPAGE_PMD_ORDER + 1];
    private final long[] split = new long[PageSize.HPAGE_PMD_ORDER + 1];
    private final long[] onDevices = new long[PageSize.HPAGE_PMD_ORDER + 1];

    /// A system that is counted when it is closed.
    SystemUnderTest counted(EmulatorSystem system) {
        return new SystemUnderTest() {
            @Override
            public String execute(KernelOperation operation) {
                return system.execute(operation);
            }

            @Override
            public List<String> violations() {
                return system.violations();
            }

            @Override
            public void close() {
                add(system.emulator());
                system.close();
            }
        };
    }

    private void add(Emulator emulator) {
        HugePageCounters counters = emulator.machine().hugePages().counters();
        for (HugePageCounters.Event event : HugePageCounters.Event.values()) {
            events.merge(event, counters.get(event), Long::sum);
        }
        for (int order = 0; order <= PageSize.HPAGE_PMD_ORDER; order++) {
            faulted[order] += counters.get(HugePageCounters.SizeEvent.ANON_FAULT_ALLOC, order);
            split[order] += counters.get(HugePageCounters.SizeEvent.SPLIT, order);
        }
        for (EmulatedDevice device : emulator.devices()) {
            for (DeviceFolioCounters folios : device.memory().statistics().folios()) {
                onDevices[folios.order()] += folios.allocated();
            }
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("folio size, faulted in, split, on devices:\n");
        for (int order = 0; order <= PageSize.HPAGE_PMD_ORDER; order++) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%10s %,12d %,12d %,12d%n",
                            FolioOrders.sizeName(order),
                            faulted[order],
                            split[order],
                            onDevices[order]));
        }
        return text.append(events).toString();
    }
}
