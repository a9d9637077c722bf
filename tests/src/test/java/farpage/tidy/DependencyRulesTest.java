package farpage.tidy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/// The arrows of docs/ARCHITECTURE.md, and no others.
final class DependencyRulesTest {
    private static final JavaClasses PRODUCT =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages(
                            "farpage.mm", "farpage.opencl", "farpage.emulator", "farpage.cli");

    /// Rules about no classes would hold.
    @Test
    void everyModuleIsLookedAt() {
        for (String type :
                new String[] {
                    "farpage.mm.Mm",
                    "farpage.opencl.ClBinding",
                    "farpage.emulator.Emulator",
                    "farpage.cli.Main"
                }) {
            assertTrue(PRODUCT.contain(type), type);
        }
    }

    @Test
    void hostMmKnowsTheJdkAlone() {
        classes()
                .that()
                .resideInAPackage("farpage.mm..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("farpage.mm..", "java..", "jdk.jfr..", "org.jspecify..")
                .check(PRODUCT);
    }

    @Test
    void theOpenClPortKnowsNothingOfMemoryManagement() {
        noClasses()
                .that()
                .resideInAPackage("farpage.opencl..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("farpage.mm..", "farpage.emulator..", "farpage.cli..")
                .check(PRODUCT);
    }

    @Test
    void theEmulatorDoesNotKnowTheCommands() {
        noClasses()
                .that()
                .resideInAPackage("farpage.emulator..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("farpage.cli..", "picocli..", "tools.jackson..")
                .check(PRODUCT);
    }

    @Test
    void lwjglIsSeenByItsBindingAlone() {
        noClasses()
                .that()
                .resideOutsideOfPackage("farpage.opencl.binding.lwjgl..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.lwjgl..")
                .check(PRODUCT);
    }

    @Test
    void joclIsSeenByItsBindingAlone() {
        noClasses()
                .that()
                .resideOutsideOfPackage("farpage.opencl.binding.jocl..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.jocl..")
                .check(PRODUCT);
    }

    @Test
    void bindingsAreChosenInsideThePort() {
        noClasses()
                .that()
                .resideOutsideOfPackage("farpage.opencl..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("farpage.opencl.binding..")
                .check(PRODUCT);
    }

    @Test
    void pageTablesAndTheReverseMapStayInsideHostMm() {
        noClasses()
                .that()
                .resideOutsideOfPackage("farpage.mm..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("farpage.mm.pagetable..", "farpage.mm.rmap..")
                .check(PRODUCT);
    }
}
