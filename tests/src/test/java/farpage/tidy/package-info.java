/// The project's own rules, kept by tests: what may depend on what, how long things may be, that
/// every public type tells its counterpart, and that documents are up to date.
///
/// Two files are generated: the list of exported types and the glossary. The property
/// `farpage.tidy.update` makes the tests write them instead of comparing.
@org.jspecify.annotations.NullMarked
package farpage.tidy;
