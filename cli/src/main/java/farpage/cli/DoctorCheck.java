package farpage.cli;

/// What `doctor` found about one thing.
///
/// @param name what was looked at
/// @param state how it is
/// @param found what is there
/// @param remedy what to do about it; empty when nothing need be done
/// @param details what programs may want to know besides; empty where that is all
record DoctorCheck(String name, State state, String found, String remedy, Row details) {
    /// How a thing is.
    enum State {
        /// As it should be.
        OK,
        /// It works, and would work better with the remedy.
        ADVICE,
        /// It does not work without the remedy.
        FAILED
    }

    static DoctorCheck ok(String name, String found) {
        return new DoctorCheck(name, State.OK, found, "", new Row());
    }

    static DoctorCheck advice(String name, String found, String remedy) {
        return new DoctorCheck(name, State.ADVICE, found, remedy, new Row());
    }

    static DoctorCheck failed(String name, String found, String remedy) {
        return new DoctorCheck(name, State.FAILED, found, remedy, new Row());
    }

    /// The same with details.
    DoctorCheck with(Row more) {
        return new DoctorCheck(name, state, found, remedy, more);
    }

    /// The check as a result row.
    Row row() {
        Row row =
                state == State.FAILED
                        ? Row.failed("doctor", found + "; " + remedy)
                        : Row.ok("doctor");
        row.put("name", name).put("found", found);
        if (!details.values().isEmpty()) {
            row.put("details", details);
        }
        return state == State.OK ? row : row.put("remedy", remedy);
    }
}
