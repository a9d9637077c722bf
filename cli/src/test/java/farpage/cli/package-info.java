@org.jspecify.annotations.NullMarked
package farpage.cli;
