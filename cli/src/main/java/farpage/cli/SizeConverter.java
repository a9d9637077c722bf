package farpage.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads sizes such as `4k`, `2MiB` or `1G`, and prints them with the unit spelled out.
///
/// Units are binary: `k`, `K`, `Ki` and `KiB` are all 1024. `KB` and `MB` are refused, because to
/// some they mean powers of ten.
final class SizeConverter implements ITypeConverter<Long> {
    private static final Pattern SIZE =
            Pattern.compile("([0-9]{1,18})(?:([kmgt])(?:i(?:b)?)?|b)?", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "kmgt";
    private static final String[] UNIT_NAMES = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    private static final int UNIT_SHIFT = 10;

    @Override
    public Long convert(String value) {
        Matcher matcher = SIZE.matcher(value.strip());
        if (!matcher.matches()) {
            throw wrong(value);
        }
        long count = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2);
        int shift =
                unit == null ? 0 : UNIT_SHIFT * (UNITS.indexOf(unit.toLowerCase(Locale.ROOT)) + 1);
        if (count > Long.MAX_VALUE >> shift) {
            throw wrong(value);
        }
        return count << shift;
    }

    private static TypeConversionException wrong(String value) {
        return new TypeConversionException(
                "'%s' is not a size; right would be 4k, 2MiB or 1G (binary units)"
                        .formatted(value));
    }

    /// A size in the largest unit that divides it, or with one decimal.
    static String format(long bytes) {
        int unit = 0;
        while (unit + 1 < UNIT_NAMES.length && bytes >> (UNIT_SHIFT * (unit + 1)) > 0) {
            unit++;
        }
        long unitBytes = 1L << (UNIT_SHIFT * unit);
        return bytes % unitBytes == 0
                ? "%d %s".formatted(bytes / unitBytes, UNIT_NAMES[unit])
                : String.format(
                        Locale.ROOT, "%.1f %s", (double) bytes / unitBytes, UNIT_NAMES[unit]);
    }
}
