package farpage.opencl.inject;

import farpage.opencl.ClError;

/// What happens to one call.
///
/// @opencl None: faults are not part of the specification
public sealed interface Fault {
    /// The call does what it should.
    record None() implements Fault {}

    /// The call fails and does nothing.
    ///
    /// @param error what it fails with
    record Fail(ClError error) implements Fault {}

    /// A transfer moves its first bytes and then fails.
    ///
    /// @param size how many bytes it moves; all when it has no more
    /// @param error what it fails with
    record Partial(long size, ClError error) implements Fault {}

    /// A transfer succeeds with one byte inverted.
    ///
    /// @param offset which byte, modulo the size of the transfer
    record Corrupt(long offset) implements Fault {}
}
