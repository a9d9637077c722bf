/// The nodes of a machine: node 0 with its CPUs and RAM, and nodes without CPUs whose memory is a
/// device's. A page of such a node is a system page like any other, with a folio, a place on the
/// LRU and a share in a memory cgroup; only where it lies tells it apart.
///
/// [farpage.mm.numa.NumaNodes] knows the nodes, their tiers, and which of them an allocation may
/// fall back to; [farpage.mm.numa.NumaBalancing] finds what is used often on a slow node, for the
/// fault that promotes it. How pages are asked for on a node is [farpage.mm.mempolicy]'s business,
/// how they sink to the next tier [farpage.mm.reclaim]'s.
@org.jspecify.annotations.NullMarked
package farpage.mm.numa;
