package farpage.emulator.workload;

import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;

/// Draws a [ResidencyMap] for a terminal: a line a row of addresses, a character a column of time.
///
/// @kernel mm/damon: `damo report heats` draws such a picture of accesses
public final class ResidencyPicture {
    /// The characters of a picture.
    ///
    /// @param device two thirds of the row's pages or more are on the device
    /// @param half a third or more
    /// @param some a tenth or more
    /// @param system fewer
    /// @param nothing none was touched yet
    public record Glyphs(char device, char half, char some, char system, char nothing) {
        /// Block characters, for terminals that show Unicode.
        public static final Glyphs UNICODE = new Glyphs('█', '▓', '▒', '░', ' ');

        /// Characters that every terminal shows.
        public static final Glyphs ASCII = new Glyphs('#', '*', '+', '.', ' ');
    }

    private static final String COLOR_DEVICE = "\u001b[36m";
    private static final String COLOR_MIXED = "\u001b[35m";
    private static final String COLOR_SYSTEM = "\u001b[33m";
    private static final String COLOR_END = "\u001b[0m";

    private static final double MOST = 2.0 / 3;
    private static final double HALF = 1.0 / 3;
    private static final double SOME = 0.1;

    private final Glyphs glyphs;
    private final boolean isColored;

    /// @param isColored whether ANSI colours are put around the characters
    public ResidencyPicture(Glyphs glyphs, boolean isColored) {
        this.glyphs = glyphs;
        this.isColored = isColored;
    }

    /// The lines of the picture, the legend last; none when nothing was sampled.
    ///
    /// @param accessCount accesses from the left edge to the right
    public List<String> draw(ResidencyMap map, int rowCountMax, long accessCount) {
        List<String> lines = new ArrayList<>();
        if (map.columnCount() == 0) {
            return lines;
        }
        for (ResidencyMap.Row row : map.rows(rowCountMax)) {
            lines.add(
                    "%14x %7d |%s|"
                            .formatted(
                                    row.startPage() << PageSize.PAGE_SHIFT,
                                    row.pageCount(),
                                    cells(row)));
        }
        lines.add(
                "%14s %7s  0%s%s"
                        .formatted("address", "pages", pad(map, accessCount), accessCount));
        lines.add(
                "pages on the device: %s two thirds or more, %s a third, %s a tenth, %s fewer"
                        .formatted(
                                paint(glyphs.device(), COLOR_DEVICE),
                                paint(glyphs.half(), COLOR_MIXED),
                                paint(glyphs.some(), COLOR_MIXED),
                                paint(glyphs.system(), COLOR_SYSTEM)));
        return lines;
    }

    private static String pad(ResidencyMap map, long accessCount) {
        int used = 1 + Long.toString(accessCount).length();
        return " ".repeat(Math.max(1, map.columnCount() - used));
    }

    private String cells(ResidencyMap.Row row) {
        StringBuilder cells = new StringBuilder();
        String current = "";
        for (int column = 0; column < row.columnCount(); column++) {
            char glyph = glyph(row.system(column), row.device(column));
            String color = isColored ? colorOf(glyph) : "";
            if (!color.equals(current)) {
                cells.append(current.isEmpty() ? "" : COLOR_END).append(color);
                current = color;
            }
            cells.append(glyph);
        }
        return cells.append(current.isEmpty() ? "" : COLOR_END).toString();
    }

    private char glyph(double system, double device) {
        double all = system + device;
        if (all == 0) {
            return glyphs.nothing();
        }
        double share = device / all;
        if (share >= MOST) {
            return glyphs.device();
        }
        if (share >= HALF) {
            return glyphs.half();
        }
        return share >= SOME ? glyphs.some() : glyphs.system();
    }

    private String colorOf(char glyph) {
        if (glyph == glyphs.device()) {
            return COLOR_DEVICE;
        }
        if (glyph == glyphs.half() || glyph == glyphs.some()) {
            return COLOR_MIXED;
        }
        return glyph == glyphs.system() ? COLOR_SYSTEM : "";
    }

    private String paint(char glyph, String color) {
        return isColored ? color + glyph + COLOR_END : Character.toString(glyph);
    }
}
