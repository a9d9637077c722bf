package farpage.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A chart of values over named steps, one line a series. Lines differ by colour, dash and mark, so
/// that they can be told apart in any print.
final class SvgLineChart {
    private static final double WIDTH = 400;
    private static final double LEFT = 40;
    private static final double RIGHT = 8;
    private static final double PLOT = 170;
    private static final double LEGEND = 17;
    private static final double BOTTOM = 36;
    private static final double MARK = 3.2;

    /// The most series that can be told apart.
    static final int SERIES_MAX = 6;

    /// The least value that a logarithm is taken of.
    private static final double LEAST = 1e-3;

    /// One line. Its values are one a step, NaN where there is none.
    private static final class Series {
        private final String name;
        private final double[] values;

        Series(String name, double... values) {
            this.name = name;
            this.values = values;
        }

        String name() {
            return name;
        }

        double[] values() {
            return values;
        }
    }

    private final String title;
    private final String unit;
    private final List<String> steps;
    private final boolean isLogarithmic;
    private final List<Series> series = new ArrayList<>();

    /// @param unit of the values
    /// @param isLogarithmic whether equal distances are equal factors; nothing is below a
    ///   thousandth then
    SvgLineChart(String title, String unit, List<String> steps, boolean isLogarithmic) {
        this.title = title;
        this.unit = unit;
        this.steps = steps;
        this.isLogarithmic = isLogarithmic;
    }

    SvgLineChart add(String name, double... values) {
        if (values.length != steps.size() || series.size() == SERIES_MAX) {
            throw new IllegalArgumentException(
                    "values: count=%d, limit=%d".formatted(values.length, steps.size()));
        }
        series.add(new Series(name, isLogarithmic ? positive(values) : values));
        return this;
    }

    private static double[] positive(double... values) {
        return Arrays.stream(values).map(value -> Math.max(value, LEAST)).toArray();
    }

    String svg() {
        double top = 8 + LEGEND * series.size();
        StringBuilder out = new StringBuilder(SvgText.open(WIDTH, top + 14 + PLOT + BOTTOM, title));
        for (int i = 0; i < series.size(); i++) {
            double y = 10 + LEGEND * i;
            out.append(SvgText.line(LEFT, y, LEFT + 30, y, "line s" + i));
            out.append(mark(i, LEFT + 15, y));
            out.append(SvgText.text(LEFT + 38, y + 4, "", series.get(i).name()));
        }
        Scale scale = scale(top + 14);
        out.append(SvgText.text(2, top + 6, "small", unit));
        for (double tick : scale.ticks()) {
            double y = scale.y(tick);
            out.append(SvgText.line(LEFT, y, WIDTH - RIGHT, y, "grid"));
            out.append(SvgText.text(LEFT - 4, y + 4, "small end", SvgText.number(tick)));
        }
        double bottom = top + 14 + PLOT;
        for (int i = 0; i < steps.size(); i++) {
            String[] words = steps.get(i).split(" ", 2);
            out.append(SvgText.text(x(i), bottom + 15, "small middle", words[0]));
            if (words.length > 1) {
                out.append(SvgText.text(x(i), bottom + 28, "small middle", words[1]));
            }
        }
        for (int i = 0; i < series.size(); i++) {
            draw(out, i, scale);
        }
        return out.append("</svg>\n").toString();
    }

    private double x(int step) {
        double width = WIDTH - LEFT - RIGHT;
        return LEFT + width * (step + 0.5) / steps.size();
    }

    private void draw(StringBuilder out, int index, Scale scale) {
        double[] values = series.get(index).values();
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < values.length; i++) {
            if (Double.isNaN(values[i])) {
                continue;
            }
            path.append(path.isEmpty() ? "M" : " L")
                    .append(SvgText.at(x(i)))
                    .append(' ')
                    .append(SvgText.at(scale.y(values[i])));
        }
        out.append("<path d=\"%s\" class=\"line s%d\"/>\n".formatted(path, index));
        for (int i = 0; i < values.length; i++) {
            if (!Double.isNaN(values[i])) {
                out.append(mark(index, x(i), scale.y(values[i])));
            }
        }
    }

    /// Circle, square, triangle, cross, diamond, plus.
    private static String mark(int index, double x, double y) {
        String classes = "mark s" + index;
        return switch (index) {
            case 0 ->
                    "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" class=\"%s\"/>\n"
                            .formatted(SvgText.at(x), SvgText.at(y), SvgText.at(MARK), classes);
            case 1 -> SvgText.rectangle(x - MARK, y - MARK, 2 * MARK, 2 * MARK, classes);
            case 2 ->
                    "<path d=\"M%s %s l%s %s h%s z\" class=\"%s\"/>\n"
                            .formatted(
                                    SvgText.at(x),
                                    SvgText.at(y - MARK - 1),
                                    SvgText.at(MARK + 1),
                                    SvgText.at(2 * MARK + 1),
                                    SvgText.at(-2 * MARK - 2),
                                    classes);
            case 3 ->
                    SvgText.line(x - MARK, y - MARK, x + MARK, y + MARK, "line s" + index)
                            + SvgText.line(
                                    x - MARK, y + MARK, x + MARK, y - MARK, "line s" + index);
            case 4 ->
                    "<path d=\"M%s %s l%s %s l%s %s l%s %s z\" class=\"%s\"/>\n"
                            .formatted(
                                    SvgText.at(x),
                                    SvgText.at(y - MARK - 1),
                                    SvgText.at(MARK + 1),
                                    SvgText.at(MARK + 1),
                                    SvgText.at(-MARK - 1),
                                    SvgText.at(MARK + 1),
                                    SvgText.at(-MARK - 1),
                                    SvgText.at(-MARK - 1),
                                    classes);
            default ->
                    SvgText.line(x - MARK, y, x + MARK, y, "line s" + index)
                            + SvgText.line(x, y - MARK, x, y + MARK, "line s" + index);
        };
    }

    private Scale scale(double top) {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (Series each : series) {
            for (double value : each.values()) {
                if (!Double.isNaN(value)) {
                    least = Math.min(least, value);
                    most = Math.max(most, value);
                }
            }
        }
        return isLogarithmic
                ? Scale.logarithmic(least, most, top)
                : Scale.linear(Math.max(most, 1e-6), top);
    }

    /// From values to heights.
    private record Scale(boolean isLogarithmic, double from, double to, double top) {
        private static Scale linear(double most, double top) {
            double step = SvgText.step(most, 6);
            return new Scale(false, 0, Math.ceil(most / step) * step, top);
        }

        private static Scale logarithmic(double least, double most, double top) {
            double from = Math.pow(10, Math.floor(Math.log10(least)));
            double to = Math.pow(10, Math.ceil(Math.log10(most)));
            return new Scale(true, from, Math.max(to, 10 * from), top);
        }

        private double y(double value) {
            double part =
                    isLogarithmic
                            ? Math.log(value / from) / Math.log(to / from)
                            : (value - from) / (to - from);
            return top + PLOT * (1 - part);
        }

        private List<Double> ticks() {
            List<Double> ticks = new ArrayList<>();
            if (!isLogarithmic) {
                double step = SvgText.step(to, 6);
                for (int i = 0; i * step <= to * 1.001; i++) {
                    ticks.add(i * step);
                }
                return ticks;
            }
            int decades = (int) Math.round(Math.log10(to / from));
            for (int decade = 0; decade <= decades; decade++) {
                double tick = from * Math.pow(10, decade);
                ticks.add(tick);
                if (decade < decades && decades <= 2) {
                    ticks.add(2 * tick);
                    ticks.add(5 * tick);
                }
            }
            return ticks;
        }
    }
}
