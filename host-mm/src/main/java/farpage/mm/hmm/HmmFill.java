package farpage.mm.hmm;

import farpage.mm.Errno;

/// What became of a request that read the notifier's sequence itself.
///
/// @param errno as [HmmRangeFault#fillUnlocked] says
/// @param notifierSequence with OK: what to hand to
///   [farpage.mm.notifier.MmuIntervalNotifier#readRetry(long)] before the words are used
/// @kernel mm/hmm.c: hmm_range_fault_unlocked_timeout; include/linux/hmm.h: notifier_seq of struct
///   hmm_range
public record HmmFill(Errno errno, long notifierSequence) {}
