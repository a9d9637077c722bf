package farpage.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Shares as users type them, `10%` or `2.5%`, as a part of one.
final class PercentConverter implements ITypeConverter<Double> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,4}(?:\\.\\d{1,6})?)%");

    @Override
    public Double convert(String value) {
        Matcher matcher = FORM.matcher(value);
        if (!matcher.matches()) {
            throw new TypeConversionException(
                    "'%s' is not a share; right would be 10%%".formatted(value));
        }
        return Double.parseDouble(matcher.group(1)) / 100;
    }
}
