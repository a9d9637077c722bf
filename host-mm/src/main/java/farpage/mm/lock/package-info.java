/// The order of locks, kept by the locks themselves.
@org.jspecify.annotations.NullMarked
package farpage.mm.lock;
