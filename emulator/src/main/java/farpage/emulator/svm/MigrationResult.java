package farpage.emulator.svm;

import farpage.mm.Errno;

/// What became of a migration.
///
/// @param errno OK also if only some pages moved; EINVAL for an address without a readable mapping;
///   EIO if a copy failed. What moved before an error stays moved
/// @param movedPages pages that moved
/// @kernel lib/test_hmm.c: the return value and cpages of a migration command
public record MigrationResult(Errno errno, long movedPages) {}
