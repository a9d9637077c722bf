/// What is measured, and how: the copy engine, whole migrations, faults and metadata, each beside
/// the device's own rate.
///
/// A figure alone says nothing on a machine that others use too. So every timed action is taken in
/// rounds, in turn with a plain OpenCL transfer of as many bytes and, where the device shares the
/// host's memory, with a plain `memcpy` of the same pages; what is reported are medians, and the
/// medians of each round's ratios. Contents are random, touched before the first transfer, new in
/// every round, and compared after it in full, outside of what is timed.
///
/// Times come from clocks that are handed in; nothing here prints.
@NullMarked
package farpage.emulator.bench;

import org.jspecify.annotations.NullMarked;
