/// The reverse map: from an anonymous page to every entry that maps it. What `mm/rmap.c` is in the
/// kernel.
@org.jspecify.annotations.NullMarked
package farpage.mm.rmap;
