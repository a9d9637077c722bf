package farpage.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Lying bars of two parts, with a name before each and both values behind it.
final class SvgStackedBars {
    private static final double WIDTH = 400;
    private static final double LEFT = 92;
    private static final double RIGHT = 82;
    private static final double ROW = 18;
    private static final double BAR = 12;
    private static final double TOP = 40;
    private static final double BOTTOM = 24;

    private record Bar(String name, double first, double second) {}

    private final String title;
    private final String unit;
    private final String firstName;
    private final String secondName;
    private final List<Bar> bars = new ArrayList<>();

    SvgStackedBars(String title, String unit, String firstName, String secondName) {
        this.title = title;
        this.unit = unit;
        this.firstName = firstName;
        this.secondName = secondName;
    }

    SvgStackedBars add(String name, double first, double second) {
        bars.add(new Bar(name, first, second));
        return this;
    }

    String svg() {
        double bottom = TOP + ROW * bars.size();
        StringBuilder out = new StringBuilder(SvgText.open(WIDTH, bottom + BOTTOM, title));
        out.append(SvgText.rectangle(LEFT, 4, 12, 12, "bar first"));
        out.append(SvgText.text(LEFT + 17, 14, "", firstName));
        out.append(SvgText.rectangle(LEFT + 130, 4, 12, 12, "bar second"));
        out.append(SvgText.text(LEFT + 147, 14, "", secondName));
        double most = 1e-6;
        for (Bar bar : bars) {
            most = Math.max(most, bar.first() + bar.second());
        }
        double perUnit = (WIDTH - LEFT - RIGHT) / most;
        double step = SvgText.step(most, 5);
        for (int i = 0; i * step <= most; i++) {
            double x = LEFT + i * step * perUnit;
            out.append(SvgText.line(x, TOP - 6, x, bottom, "grid"));
            out.append(SvgText.text(x, bottom + 14, "small middle", SvgText.number(i * step)));
        }
        out.append(SvgText.text(WIDTH - RIGHT + 4, bottom + 14, "small", unit));
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            double y = TOP + ROW * i;
            double first = bar.first() * perUnit;
            out.append(SvgText.text(LEFT - 5, y + BAR - 2, "small end", bar.name()));
            out.append(SvgText.rectangle(LEFT, y, first, BAR, "bar first"));
            out.append(
                    SvgText.rectangle(LEFT + first, y, bar.second() * perUnit, BAR, "bar second"));
            double end = LEFT + first + bar.second() * perUnit;
            String values = String.format(Locale.ROOT, "%.1f + %.0f", bar.first(), bar.second());
            out.append(SvgText.text(end + 4, y + BAR - 2, "small", values));
        }
        return out.append("</svg>\n").toString();
    }
}
