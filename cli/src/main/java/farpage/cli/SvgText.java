package farpage.cli;

import java.util.Locale;

/// What the charts of a page are written with.
final class SvgText {
    private SvgText() {}

    /// Text that stands for itself in HTML and SVG.
    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /// A coordinate, to a tenth.
    static String at(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    /// The opening of a picture that takes the width of the page.
    static String open(double width, double height, String title) {
        return "<svg viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s\">\n"
                .formatted(at(width), at(height), escaped(title));
    }

    /// @param classes of the style sheet
    static String text(double x, double y, String classes, String text) {
        return "<text x=\"%s\" y=\"%s\" class=\"%s\">%s</text>\n"
                .formatted(at(x), at(y), classes, escaped(text));
    }

    static String line(double x1, double y1, double x2, double y2, String classes) {
        return "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>\n"
                .formatted(at(x1), at(y1), at(x2), at(y2), classes);
    }

    static String rectangle(double x, double y, double width, double height, String classes) {
        return "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" class=\"%s\"/>\n"
                .formatted(at(x), at(y), at(width), at(height), classes);
    }

    /// A step of an axis, 1, 2 or 5 times a power of ten, so that there are at most so many.
    static double step(double limit, int countMax) {
        double step = Math.pow(10, Math.floor(Math.log10(limit / countMax)));
        for (double factor : new double[] {1, 2, 5, 10}) {
            if (limit / (step * factor) <= countMax) {
                return step * factor;
            }
        }
        return step * 10;
    }

    /// A number on an axis.
    static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%s", (float) value);
    }
}
