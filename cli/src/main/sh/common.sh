# shellcheck shell=sh
# What the scripts share: messages, exit codes, and the folder in which they keep things.

# Exit codes of the set-up, a subset of the program's own.
exit_setup=2
exit_no_device=3

# A folder that stands for / where system files are looked up; empty outside the tests.
system_root=${FARPAGE_SYSTEM_ROOT-}

note() {
    printf 'farpage: %s\n' "$*" >&2
}

die() {
    die_code=$1
    shift
    note "$*"
    exit "$die_code"
}

# May the set-up install anything?
may_install() {
    [ -z "${FARPAGE_NO_INSTALL-}" ] || [ "$FARPAGE_NO_INSTALL" = 0 ]
}

has_command() {
    command -v "$1" >/dev/null 2>&1
}

# Root that may write to the system: in a read-only image root is treated like any other user.
can_install_packages() {
    [ "$(id -u)" = 0 ] && [ -w "$system_root/usr/lib" ] && has_command apt-get
}

# Sets cache_dir to a folder that belongs to this user and can be written.
# The fall-back under /tmp is taken only when it is ours: another user could have made it first.
find_cache_dir() {
    cache_dir=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/farpage
    # shellcheck disable=SC2174 # the mode is for the last folder alone
    if mkdir -p -m 700 "$cache_dir" 2>/dev/null && [ -w "$cache_dir" ]; then
        return
    fi
    cache_dir=${TMPDIR:-/tmp}/farpage-$(id -u)
    mkdir -m 700 "$cache_dir" 2>/dev/null || :
    # shellcheck disable=SC3067 # dash, bash and busybox know -O
    if [ -h "$cache_dir" ] || ! [ -d "$cache_dir" ] || ! [ -O "$cache_dir" ]; then
        die "$exit_setup" "no cache folder can be written: set XDG_CACHE_HOME to one"
    fi
}

# Holds FILE's lock on descriptor 9 until release_lock. A child keeps it too, so that a build whose
# launcher was killed still excludes the next one.
take_lock() {
    has_command flock || die "$exit_setup" "flock not found: install util-linux"
    (: >>"$1") 2>/dev/null || die "$exit_setup" "cannot write $1"
    exec 9>>"$1"
    if ! flock -n 9; then
        note "waiting for another farpage that $2"
        flock 9
    fi
}

release_lock() {
    exec 9>&-
}

# Removes PATH when the script ends, however it ends.
remove_at_exit() {
    remove_path=$1
    trap 'rm -rf "$remove_path"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

remove_now() {
    rm -rf "$remove_path"
    trap - EXIT HUP INT TERM
}

# Runs a package command quietly; on failure shows the end of what it said.
run_logged() {
    run_log=$1
    shift
    if "$@" </dev/null >"$run_log" 2>&1; then
        return 0
    fi
    grep '^E: ' "$run_log" >&2 || tail -n 3 "$run_log" >&2
    return 1
}
