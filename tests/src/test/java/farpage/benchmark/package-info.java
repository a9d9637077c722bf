/// JMH benchmarks of the pieces that every migrated page goes through, each alone: the words of
/// page tables and migrations, the walk, the allocator, the list of pages to copy. They say what a
/// piece costs and whether a change of it pays; what a migration costs is for `./farpage bench`.
///
/// Contents vary from word to word, so that branches are as hard to predict as in use. Each number
/// is for one page, whatever the method's own loop is.
@org.jspecify.annotations.NullMarked
package farpage.benchmark;
