package farpage.cli;

import farpage.mm.memory.FolioOrders;
import java.util.Objects;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Folio orders as users type them: `9`, `2-9`, `2,4,9`, `0`.
final class OrdersConverter implements ITypeConverter<FolioOrders> {
    @Override
    public FolioOrders convert(String value) {
        try {
            return FolioOrders.parse(value);
        } catch (IllegalArgumentException failure) {
            throw new TypeConversionException(
                    "'%s' is no list of orders (%s); right would be 9, 2-9, 2,4,9 or 0"
                            .formatted(value, Objects.requireNonNull(failure.getMessage())));
        }
    }
}
