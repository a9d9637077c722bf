/// What a migration costs by the size of the folios that move.
@org.jspecify.annotations.NullMarked
package farpage.emulator.experiment.largefolios;
