/// The devices.
@org.jspecify.annotations.NullMarked
package farpage.emulator;
