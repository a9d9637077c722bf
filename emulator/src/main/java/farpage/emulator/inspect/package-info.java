/// Checks of the whole emulator at a quiet point, for tests and for people.
@org.jspecify.annotations.NullMarked
package farpage.emulator.inspect;
