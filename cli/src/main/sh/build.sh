# shellcheck shell=sh
# Builds when the sources are newer than the build, and starts the program.
#
# A finished build is copied into a folder of its own under cli/target/farpage, and the file
# "current" there names it. A build that fails or is interrupted leaves "current" as it was, and a
# program that runs keeps its jars while a newer build is made.

builds_dir=$farpage_root/cli/target/farpage

# Sets build_dir to a build of the present sources.
build_if_stale() {
    build_is_fresh && return
    if [ -n "${FARPAGE_NO_BUILD-}" ]; then
        [ -n "$build_dir" ] && return
        die "$exit_setup" "nothing is built yet and FARPAGE_NO_BUILD forbids building: unset it"
    fi
    mkdir -p "$builds_dir" || die "$exit_setup" "cannot write $builds_dir"
    take_lock "$builds_dir/lock" "builds"
    if ! build_is_fresh; then
        build
    fi
    release_lock
}

# A folder's time changes with every file that is added or removed, so folders are compared too.
build_is_fresh() {
    build_dir=
    if ! [ -r "$builds_dir/current" ]; then
        return 1
    fi
    read -r build_name <"$builds_dir/current" && [ -d "$builds_dir/$build_name" ] || return 1
    build_dir=$builds_dir/$build_name
    set -- "$farpage_root/pom.xml" "$farpage_root/.mvn"
    for module in host-mm opencl-kernels emulator cli; do
        set -- "$@" "$farpage_root/$module/pom.xml" "$farpage_root/$module/src/main"
    done
    ! find "$@" -newer "$build_dir/stamp" -print | read -r _
}

# The stamp is older than the build's start, so that a source saved meanwhile counts as newer.
build() {
    find_maven
    rm -rf "$builds_dir"/.new-*
    build_work=$(mktemp -d "$builds_dir/.new-XXXXXX") ||
        die "$exit_setup" "cannot write $builds_dir"
    remove_at_exit "$build_work"
    : >"$build_work/stamp"
    if [ -n "$build_dir" ]; then
        note "building (the sources have changed)"
    else
        note "building (the first time takes about a minute)"
    fi
    # Jars of an earlier version would be on the module path twice.
    rm -rf "$farpage_root/cli/target/lib" "$farpage_root"/cli/target/cli-*.jar
    # -q leaves nothing but errors, and the escape sequences with which Maven ends.
    if ! (cd "$farpage_root" && JAVA_HOME=$jdk_home exec mvn -q -B -Dfarpage.fast \
        -Dmaven.test.skip=true -pl cli -am package </dev/null >"$build_work/log" 2>&1); then
        sed "s/$(printf '\033')\[[0-9;]*m//g" "$build_work/log" >&2
        die "$exit_setup" "the build failed: the lines above tell why; mvn -B package shows more"
    fi
    rm "$build_work/log"
    cp "$farpage_root"/cli/target/lib/*.jar "$farpage_root"/cli/target/cli-*.jar "$build_work/" ||
        die "$exit_setup" "cannot write $build_work"
    build_name=build-$(date +%Y%m%dT%H%M%S)-$$
    chmod 755 "$build_work"
    if ! mv "$build_work" "$builds_dir/$build_name" ||
        ! printf '%s\n' "$build_name" >"$builds_dir/.current" ||
        ! mv "$builds_dir/.current" "$builds_dir/current"; then
        die "$exit_setup" "cannot write $builds_dir"
    fi
    remove_now
    remove_old_builds "${build_dir##*/}"
    build_dir=$builds_dir/$build_name
}

# Keeps the build before this one, for programs that still run from it.
remove_old_builds() {
    for old_build in "$builds_dir"/build-*; do
        case ${old_build##*/} in
            "$build_name" | "$1") ;;
            *) rm -rf "$old_build" ;;
        esac
    done
}

find_maven() {
    has_command mvn && return
    may_install ||
        die "$exit_setup" "mvn not found: install Maven 3.8 or newer ('apt-get install maven')"
    can_install_packages ||
        die "$exit_setup" "mvn not found, and without root and apt-get it cannot be installed:" \
            "install Maven 3.8 or newer and put its bin folder on PATH"
    # shellcheck source=cli/src/main/sh/pocl.sh
    . "$sh_dir/pocl.sh"
    make_work_folder
    note "mvn not found: installing maven with apt-get"
    install_with_apt maven ||
        die "$exit_setup" "mvn not found, and apt-get could not install maven ($(first_error))"
    remove_now
}
