package farpage.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Lying bars of several parts, with a name before each and its values behind it: both where there
/// are two, else their sum.
final class SvgStackedBars {
    /// The most parts that can be told apart.
    static final int PARTS_MAX = 6;

    private static final double WIDTH = 400;
    private static final double RIGHT = 82;
    private static final double ROW = 18;
    private static final double BAR = 12;
    private static final double LEGEND = 18;
    private static final double LEGEND_GAP = 34;
    private static final double BOTTOM = 24;
    private static final double NAME_MIN = 92;
    private static final double NAME_MAX = 170;
    private static final double CHARACTER = 5.6;
    private static final double LEGEND_CHARACTER = 6.6;

    private static final class Bar {
        private final String name;
        private final double[] values;

        Bar(String name, double... values) {
            this.name = name;
            this.values = values;
        }

        double sum() {
            double sum = 0;
            for (double value : values) {
                sum += value;
            }
            return sum;
        }

        String text() {
            return values.length == 2
                    ? String.format(Locale.ROOT, "%.1f + %.0f", values[0], values[1])
                    : String.format(Locale.ROOT, "%.1f", sum());
        }
    }

    private final String title;
    private final String unit;
    private final List<String> parts;
    private final List<Bar> bars = new ArrayList<>();

    /// @param unit of the values
    /// @param parts their names
    SvgStackedBars(String title, String unit, String... parts) {
        if (parts.length == 0 || parts.length > PARTS_MAX) {
            throw new IllegalArgumentException(
                    "parts: count=%d, limit=%d".formatted(parts.length, PARTS_MAX));
        }
        this.title = title;
        this.unit = unit;
        this.parts = List.of(parts);
    }

    SvgStackedBars add(String name, double... values) {
        if (values.length != parts.size()) {
            throw new IllegalArgumentException(
                    "values: count=%d, limit=%d".formatted(values.length, parts.size()));
        }
        bars.add(new Bar(name, values.clone()));
        return this;
    }

    boolean isEmpty() {
        return bars.isEmpty();
    }

    String svg() {
        double left = left();
        StringBuilder legend = new StringBuilder();
        double top = legend(legend) + LEGEND + 14;
        double bottom = top + ROW * bars.size();
        StringBuilder out = new StringBuilder(SvgText.open(WIDTH, bottom + BOTTOM, title));
        out.append(legend);
        double most = bars.stream().mapToDouble(Bar::sum).max().orElse(0);
        double perUnit = (WIDTH - left - RIGHT) / Math.max(most, 1e-6);
        double step = SvgText.step(Math.max(most, 1e-6), 5);
        for (int i = 0; i * step <= most; i++) {
            double x = left + i * step * perUnit;
            out.append(SvgText.line(x, top - 6, x, bottom, "grid"));
            out.append(SvgText.text(x, bottom + 14, "small middle", SvgText.number(i * step)));
        }
        out.append(SvgText.text(WIDTH - RIGHT + 4, bottom + 14, "small", unit));
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            double y = top + ROW * i;
            out.append(SvgText.text(left - 5, y + BAR - 2, "small end", bar.name));
            double x = left;
            for (int part = 0; part < bar.values.length; part++) {
                double width = bar.values[part] * perUnit;
                out.append(SvgText.rectangle(x, y, width, BAR, "bar p" + part));
                x += width;
            }
            out.append(SvgText.text(x + 4, y + BAR - 2, "small", bar.text()));
        }
        return out.append("</svg>\n").toString();
    }

    /// What the colours stand for, in as many lines as that takes.
    ///
    /// @return where the last line is
    private double legend(StringBuilder out) {
        double x = 4;
        double y = 4;
        for (int part = 0; part < parts.size(); part++) {
            double width = LEGEND_GAP + LEGEND_CHARACTER * parts.get(part).length();
            if (x > 4 && x + width > WIDTH) {
                x = 4;
                y += LEGEND;
            }
            out.append(SvgText.rectangle(x, y, 12, 12, "bar p" + part));
            out.append(SvgText.text(x + 17, y + 10, "", parts.get(part)));
            x += width;
        }
        return y;
    }

    /// Where bars begin: behind the longest name.
    private double left() {
        int longest = bars.stream().mapToInt(bar -> bar.name.length()).max().orElse(0);
        return Math.min(NAME_MAX, Math.max(NAME_MIN, 12 + CHARACTER * longest));
    }
}
