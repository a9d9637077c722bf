package farpage.opencl.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelSourceTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "gather_pages",
                "scatter_pages",
                "zero_pages",
                "copy_pages",
                "checksum_pages",
                "device_access",
                "layout_probe"
            })
    void kernelHasAFunctionOfItsNameAndItsHeadersOnce(String kernel) {
        KernelSource source = KernelSource.of(kernel);
        String text = source.text();
        assertEquals(kernel, source.name());
        assertTrue(text.contains("__kernel void " + kernel + "("), kernel);
        assertFalse(text.contains("#include"), kernel);
        int first = text.indexOf("FARPAGE_GOLDEN 0x");
        assertTrue(first > 0, kernel);
        assertEquals(first, text.lastIndexOf("FARPAGE_GOLDEN 0x"), kernel);
        assertTrue(text.contains("#line 1 \"common.clh\""), kernel);
    }

    @Test
    void lineNumbersGoOnAfterAHeader() {
        String text = KernelSource.of("device_access").text();
        assertTrue(text.startsWith("#line 1 \"device_access.cl\"\n"), text);
        assertTrue(text.contains("#line 3 \"device_access.cl\"\n"), "after the second header");
    }

    @Test
    void hashNamesTheSource() {
        String zero = KernelSource.of("zero_pages").hash();
        assertEquals(64, zero.length());
        assertEquals(zero, KernelSource.of("zero_pages").hash());
        assertNotEquals(zero, KernelSource.of("gather_pages").hash());
    }

    @Test
    void unknownKernelIsRefused() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> KernelSource.of("no_such_kernel"));
        assertTrue(e.toString().contains("no_such_kernel.cl"), e::toString);
    }
}
