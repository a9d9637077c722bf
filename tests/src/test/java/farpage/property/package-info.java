/// Random operations on the whole emulator, in step with an oracle that is simple enough to be
/// believed.
@org.jspecify.annotations.NullMarked
package farpage.property;
