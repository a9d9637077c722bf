/// Mappings of huge pages that the machine sets aside: `MAP_PRIVATE` with `MAP_HUGETLB`.
///
/// [farpage.mm.hugetlb.HugetlbPool] has the pages. Such a mapping consists of whole huge pages and
/// is only ever cut between them; each is mapped by one huge entry, which is never split. The pages
/// are anonymous, and one that is shared after a fork is copied when it is written; but they are on
/// no LRU, in no memory cgroup and in no RSS counter, they do not migrate, and no part of one is
/// ever handled alone.
@org.jspecify.annotations.NullMarked
package farpage.mm.hugetlb;
