package farpage.emulator.dmirror;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class DmirrorProtTest {
    @Test
    void bytesAreDescribed() {
        assertEquals("error", DmirrorProt.describe(0xff));
        assertEquals("none", DmirrorProt.describe(0x00));
        assertEquals("read", DmirrorProt.describe(0x01));
        assertEquals("write pmd", DmirrorProt.describe(0x06));
        assertEquals("write pud", DmirrorProt.describe(0x0a));
        assertEquals("read zero page", DmirrorProt.describe(0x11));
        assertEquals("write device-private", DmirrorProt.describe(0x22));
        assertEquals("read device-private of another device", DmirrorProt.describe(0x31));
        assertEquals("write device-coherent", DmirrorProt.describe(0x42));
        assertEquals("read device-coherent of another device", DmirrorProt.describe(0x51));
    }
}
