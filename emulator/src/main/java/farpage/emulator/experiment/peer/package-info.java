/// What a second device pays for memory that lives on the first.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.peer;
