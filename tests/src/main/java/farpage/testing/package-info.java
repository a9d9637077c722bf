/// What the tests of the whole share: seeds, and the runner that executes random operations in step
/// with a simple oracle.
///
/// [farpage.testing.Operations] draws operations, [farpage.testing.PageOracle] knows what each must
/// answer, and [farpage.testing.ModelRun] compares the two, and cuts what failed down to a short
/// kernel trace that can be replayed.
@org.jspecify.annotations.NullMarked
package farpage.testing;
