package farpage.cli;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.peer.PeerMode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Designs that Linux has not, each off unless it is asked for: `--file-backed`, `--peer`,
/// `--collapse`.
final class DesignOptions {
    @Mixin FileBackedOptions files = new FileBackedOptions();

    @Option(
            names = "--peer",
            paramLabel = "FORM",
            converter = PeerModeConverter.class,
            description =
                    "Whether devices use each other's memory where it lies: off, by two-pages, or"
                            + " unified; default: off")
    PeerMode peer = PeerMode.OFF;

    @Option(
            names = "--collapse",
            description = "Join base pages of 2 MiB into one folio on their way to a device")
    boolean isCollapsing;

    EmulatorConfig apply(EmulatorConfig config) {
        return config.withFileBacked(files.mode).withPeerMode(peer).withCollapse(isCollapsing);
    }
}
