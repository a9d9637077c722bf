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

# Sets cache_dir to where this user's cache folder is or would be, and makes nothing.
name_cache_dir() {
    cache_dir=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/farpage
}

# The fall-back for a user whose home cannot be written. It is taken only when it is ours: another
# user could have made it first.
name_temporary_cache_dir() {
    cache_dir=${TMPDIR:-/tmp}/farpage-$(id -u)
}

# Sets cache_dir to a folder that belongs to this user and can be written.
make_cache_dir() {
    name_cache_dir
    # shellcheck disable=SC2174 # the mode is for the last folder alone
    if mkdir -p -m 700 "$cache_dir" 2>/dev/null && [ -w "$cache_dir" ]; then
        return
    fi
    name_temporary_cache_dir
    mkdir -m 700 "$cache_dir" 2>/dev/null || :
    is_own_folder "$cache_dir" ||
        die "$exit_setup" "no cache folder can be written: set XDG_CACHE_HOME to one"
}

is_own_folder() {
    # shellcheck disable=SC3067 # dash, bash and busybox know -O
    ! [ -h "$1" ] && [ -d "$1" ] && [ -O "$1" ]
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

# Runs a command and keeps what it says in the work folder's log.
logged() {
    "$@" </dev/null >>"$work/log" 2>&1
}

# What went wrong first, in the words of the tool that said it.
first_error() {
    grep -m 1 -e '^E: ' -e '^W: Failed' "$work/log" | sed 's/^[EW]: //'
}

make_work_folder() {
    make_cache_dir
    work=$(mktemp -d "$cache_dir/.setup-XXXXXX") || die "$exit_setup" "cannot write $cache_dir"
    remove_at_exit "$work"
    : >"$work/log"
}
