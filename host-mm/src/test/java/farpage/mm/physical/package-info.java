/// Tests of the physical address map, and of the two number spaces of device pages.
@org.jspecify.annotations.NullMarked
package farpage.mm.physical;
