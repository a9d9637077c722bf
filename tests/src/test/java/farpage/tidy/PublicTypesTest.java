package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The surface of the modules: small on purpose, and each part of it tells its counterpart.
final class PublicTypesTest {
    private static final String LIST = "tests/src/test/resources/tidy/exported-types.txt";

    private final List<PublicType> types = PublicType.all();

    @Test
    void everyTypeTellsItsCounterpart() {
        List<String> silent =
                types.stream()
                        .filter(type -> !type.isNested())
                        .filter(type ->
                                type.tag("kernel").isEmpty() && type.tag("opencl").isEmpty())
                        .map(type -> type.packageName() + "." + type.name())
                        .toList();
        assertEquals(List.of(), silent);
    }

    /// That the surface grew must be seen in a change.
    @Test
    void listOfExportedTypesIsUpToDate() {
        assertTrue(types.size() > 50, "types: " + types.size());
        String expected =
                types.stream()
                        .map(type -> type.packageName() + " " + type.name() + "\n")
                        .collect(Collectors.joining());
        assertEquals(
                "", Sources.compareOrWrite(Sources.root().resolve(LIST), expected, getClass()));
    }
}
