package farpage.cli;

import farpage.mm.file.FileBackedMode;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/// `--file-backed`: whether devices may have pages of files, and how.
final class FileBackedOptions {
    @Option(
            names = "--file-backed",
            paramLabel = "MODE",
            converter = Converter.class,
            description =
                    "Pages of files on devices: off as in Linux, migrate, or copy; default: off")
    FileBackedMode mode = FileBackedMode.OFF;

    /// Its words.
    static final class Converter implements CommandLine.ITypeConverter<FileBackedMode> {
        @Override
        public FileBackedMode convert(String text) {
            return switch (text) {
                case "off" -> FileBackedMode.OFF;
                case "migrate" -> FileBackedMode.MIGRATE;
                case "copy" -> FileBackedMode.COPY;
                default ->
                        throw new CommandLine.TypeConversionException(
                                "value=" + text + ", limit=off, migrate or copy");
            };
        }
    }
}
