/// Views of the model for people and for checks: nothing here changes anything.
///
/// [farpage.mm.inspect.MmInvariants] says what does not hold; the dumps print what is there. All of
/// them look at a quiet point, when no other thread works on the machine.
@org.jspecify.annotations.NullMarked
package farpage.mm.inspect;
