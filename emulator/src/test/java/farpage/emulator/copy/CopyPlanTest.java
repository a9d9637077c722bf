package farpage.emulator.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class CopyPlanTest {
    private static CopyTable.Step step(int fromPages, CopyMethod method) {
        return new CopyTable.Step(fromPages, method);
    }

    @Test
    void theLastStepThatABatchReachesIsTaken() {
        CopyTable table =
                new CopyTable(
                        List.of(
                                step(1, CopyMethod.DIRECT),
                                step(8, CopyMethod.MAPPED),
                                step(64, CopyMethod.STAGED_GROUP)),
                        16);
        assertEquals(CopyMethod.DIRECT, table.method(1));
        assertEquals(CopyMethod.DIRECT, table.method(7));
        assertEquals(CopyMethod.MAPPED, table.method(8));
        assertEquals(CopyMethod.MAPPED, table.method(63));
        assertEquals(CopyMethod.STAGED_GROUP, table.method(64));
        assertEquals("direct, from 8 mapped, from 64 staged-group; runs of 16 direct", "" + table);
        assertEquals(
                EnumSet.of(CopyMethod.DIRECT, CopyMethod.MAPPED, CopyMethod.STAGED_GROUP),
                CopyPlan.both(table).methods());
    }

    @Test
    void withinTheDeviceTheKernelOfTheWayThereIsTaken() {
        assertEquals(
                List.of(
                        "direct; runs of 1 direct",
                        "inplace-item; runs of 512 direct",
                        "inplace-group; runs of 512 direct",
                        "inplace-item",
                        "inplace-item-nt",
                        "inplace-group",
                        "inplace-group-nt",
                        "direct; runs of 1 direct"),
                Arrays.stream(CopyMethod.values())
                        .map(method -> CopyPlan.only(method).withinDevice().toString())
                        .toList());
    }

    @Test
    void stepsWithinTheDeviceAreThoseOfTheWayThere() {
        CopyTable there =
                new CopyTable(
                        List.of(
                                step(1, CopyMethod.DIRECT),
                                step(2, CopyMethod.MAPPED),
                                step(32, CopyMethod.IN_PLACE_ITEM)),
                        64);
        CopyPlan plan = new CopyPlan(there, CopyTable.only(CopyMethod.STAGED_GROUP));
        assertEquals("direct, from 32 inplace-item; runs of 64 direct", "" + plan.withinDevice());
        CopyTable staged =
                new CopyTable(
                        List.of(step(1, CopyMethod.DIRECT), step(8, CopyMethod.STAGED_GROUP)), 16);
        assertEquals(
                "direct, from 8 inplace-group; runs of 512 direct",
                "" + CopyPlan.both(staged).withinDevice());
    }

    @Test
    void aTableKnowsItsLimits() {
        assertThrows(IllegalArgumentException.class, () -> new CopyTable(List.of(), 1));
        List<CopyTable.Step> late = List.of(step(2, CopyMethod.DIRECT));
        assertThrows(IllegalArgumentException.class, () -> new CopyTable(late, 1));
        List<CopyTable.Step> twice =
                List.of(step(1, CopyMethod.DIRECT), step(1, CopyMethod.MAPPED));
        assertThrows(IllegalArgumentException.class, () -> new CopyTable(twice, 1));
        List<CopyTable.Step> one = List.of(step(1, CopyMethod.DIRECT));
        assertThrows(IllegalArgumentException.class, () -> new CopyTable(one, 0));
    }

    @Test
    void aMethodIsKnownByItsLabel() {
        for (CopyMethod method : CopyMethod.values()) {
            assertEquals(Optional.of(method), CopyMethod.lookup(method.label()));
        }
        assertEquals(Optional.empty(), CopyMethod.lookup("teleport"));
    }

    @Test
    void whatADeviceCanNotDoSaysWhy() {
        CopyAbilities shared = new CopyAbilities(true, false, false);
        assertTrue(CopyMethod.DIRECT.isPossible(CopyAbilities.NONE));
        assertTrue(CopyMethod.STAGED_GROUP.isPossible(CopyAbilities.NONE));
        assertFalse(CopyMethod.MAPPED.isPossible(CopyAbilities.NONE));
        assertTrue(CopyMethod.IN_PLACE_ITEM.isPossible(shared));
        assertFalse(CopyMethod.MAPPED.isPossible(shared));
        assertTrue(CopyMethod.MAPPED.isPossible(new CopyAbilities(true, true, false)));
        assertFalse(CopyMethod.IN_PLACE_ITEM_NT.isPossible(shared));
        assertTrue(
                CopyMethod.IN_PLACE_ITEM_NT
                        .obstacle(shared)
                        .orElseThrow()
                        .contains("non-temporal"));
    }
}
