# shellcheck shell=sh
# Finds a JDK that can build and run Farpage, without starting one where its release file tells
# the version.

jdk_version_min=25

# Sets jdk_home, or ends with a message that lists what was looked at.
find_jdk() {
    jdk_home=
    jdks_seen=
    if [ -n "${JAVA_HOME-}" ]; then
        try_jdk "$JAVA_HOME" && return
        [ -x "$JAVA_HOME/bin/java" ] || jdks_seen=" $JAVA_HOME (JAVA_HOME, no bin/java)"
    fi
    try_path_jdks && return
    for jdk_candidate in "$system_root"/usr/lib/jvm/* "$system_root"/opt/* \
        "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/*; do
        try_jdk "$jdk_candidate" && return
    done
    die "$exit_setup" "no JDK $jdk_version_min or newer found: looked at${jdks_seen:- nothing};" \
        "install one (https://adoptium.net) and point JAVA_HOME at it"
}

try_path_jdks() {
    old_ifs=$IFS
    IFS=:
    set -f
    for path_folder in $PATH; do
        [ -x "$path_folder/java" ] || continue
        java_file=$(readlink -f "$path_folder/java")
        java_home=${java_file%/bin/java}
        if [ "$java_home" = "$java_file" ] || ! [ -r "$java_home/release" ]; then
            java_home=$(java_property "$path_folder/java" java.home)
        fi
        if [ -n "$java_home" ] && try_jdk "$java_home"; then
            break
        fi
    done
    set +f
    IFS=$old_ifs
    [ -n "$jdk_home" ]
}

# Accepts FOLDER as jdk_home when it holds a JDK that is new enough.
try_jdk() {
    [ -x "$1/bin/java" ] || return 1
    read_jdk_version "$1"
    jdk_major=${jdk_version%%[!0-9]*}
    if [ "${jdk_major:-0}" -lt $jdk_version_min ]; then
        jdks_seen="$jdks_seen $1 (${jdk_version:-version unknown})"
        return 1
    fi
    if ! [ -x "$1/bin/javac" ]; then
        jdks_seen="$jdks_seen $1 ($jdk_version, but without javac)"
        return 1
    fi
    jdk_home=$1
}

read_jdk_version() {
    jdk_version=
    if [ -r "$1/release" ]; then
        while IFS='=' read -r release_key release_value; do
            if [ "$release_key" = JAVA_VERSION ]; then
                jdk_version=${release_value#\"}
                jdk_version=${jdk_version%%\"*}
                return
            fi
        done <"$1/release"
    fi
    jdk_version=$(java_property "$1/bin/java" java.version)
}

java_property() {
    "$1" -XshowSettings:properties -version 2>&1 | sed -n "s/^ *$2 = //p"
}
