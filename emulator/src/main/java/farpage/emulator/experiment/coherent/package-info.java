/// The same memory of a device as its coherent pages and as a node without CPUs.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.coherent;
