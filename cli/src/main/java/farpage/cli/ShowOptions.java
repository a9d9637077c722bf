package farpage.cli;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.inspect.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// Which views of the processes a command shows, and their text.
final class ShowOptions {
    @Option(
            names = "--show",
            split = ",",
            paramLabel = "VIEW",
            converter = ViewConverter.class,
            description = {
                "Shows the processes' memory as the kernel's files in /proc and /sys do: maps, smaps,"
                        + " pagemap, status, vmstat, ksm, thp; several with commas"
            })
    List<View> views = new ArrayList<>();

    /// Reads the name of a view.
    static final class ViewConverter implements ITypeConverter<View> {
        @Override
        public View convert(String value) {
            for (View view : View.values()) {
                if (view.word().equals(value.strip())) {
                    return view;
                }
            }
            throw new TypeConversionException(
                    "'%s' is not a view; right would be %s"
                            .formatted(
                                    value,
                                    Arrays.stream(View.values())
                                            .map(View::word)
                                            .collect(Collectors.joining(", "))));
        }
    }

    boolean isAny() {
        return !views.isEmpty();
    }

    /// All chosen views, one after the other. A line that begins with `#` names the file that each
    /// is like.
    String text(Machine machine, List<Mm> processes) {
        StringBuilder text = new StringBuilder();
        for (View view : views) {
            for (Mm mm : view.isOfProcess() ? processes : processes.subList(0, 1)) {
                text.append("# ").append(path(view, mm)).append('\n');
                text.append(view.text(machine, mm));
            }
        }
        return text.toString();
    }

    private static String path(View view, Mm mm) {
        return switch (view) {
            case MAPS, SMAPS, PAGEMAP, STATUS -> "/proc/" + mm.id() + "/" + view.word();
            case VMSTAT -> "/proc/vmstat";
            case KSM -> "/sys/kernel/mm/ksm";
            case THP -> "/sys/kernel/mm/transparent_hugepage";
        };
    }
}
