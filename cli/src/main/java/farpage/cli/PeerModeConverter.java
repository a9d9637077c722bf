package farpage.cli;

import farpage.emulator.peer.PeerMode;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// `off`, `two-pages` or `unified`.
final class PeerModeConverter implements ITypeConverter<PeerMode> {
    @Override
    public PeerMode convert(String text) {
        for (PeerMode mode : PeerMode.values()) {
            if (format(mode).equals(text)) {
                return mode;
            }
        }
        throw new TypeConversionException(
                "'%s' is no form; right would be off, two-pages or unified".formatted(text));
    }

    static String format(PeerMode mode) {
        return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
