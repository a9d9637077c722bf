/// Recorded programs as input: what the readers make of real traces.
@org.jspecify.annotations.NullMarked
package farpage.workload;
