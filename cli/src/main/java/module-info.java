/// The command line.
module farpage.cli {
    requires static org.jspecify;
    requires farpage.emulator;
    requires info.picocli;
    requires java.management;
    requires tools.jackson.core;

    opens farpage.cli to
            info.picocli;
}
