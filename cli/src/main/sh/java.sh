# shellcheck shell=sh
# Starts the program on a Java runtime.

# start_java RUNTIME MODULES ARGUMENT...: becomes the program. RUNTIME is a Java home, and MODULES
# the folder of the jars. Warnings of the JVM go to standard error: standard output is for results.
start_java() {
    java_home=$1
    java_modules=$2
    shift 2
    case $java_modules in
        *:*) die "$exit_setup" "$java_modules: a module path cannot hold a colon; move it" ;;
    esac
    # Without standard input the JVM opens a file of its own under that number, and reads and closes
    # it as if it were the user's.
    if ! { true 3<&0; } 2>/dev/null; then
        exec </dev/null
    fi
    # An OpenCL compiler catches signals while it compiles, and removes its temporary files when one
    # comes. The JVM uses SIGSEGV for itself; with libjsig it sees its own signals first.
    if [ -r "$java_home/lib/libjsig.so" ]; then
        preload_jsig "$java_home/lib"
    fi
    # LWJGL's classes for Java 25 write a class with thousands of methods at every start, to call
    # through the foreign function interface; those for older versions call as fast through JNI.
    # They use sun.misc.Unsafe, which Java 27 may lack.
    lwjgl_option=
    read_jdk_version "$java_home"
    case ${jdk_version%%[!0-9]*} in
        25 | 26) lwjgl_option=-Djdk.util.jar.version=24 ;;
    esac
    # What checks the model checks itself; what measures it must not pay for that.
    case "${1-} ${2-}" in
        "selftest "* | "replay "* | "run stress") assertions=-ea ;;
        *) assertions=-da ;;
    esac
    set -f
    # LWJGL finds its native library in a module that none of ours requires.
    # shellcheck disable=SC2086 # lists of options
    exec "$java_home/bin/java" $lwjgl_option $assertions -Xmx1g -XX:+UseSerialGC -XX:-UsePerfData \
        -Xlog:disable -Xlog:all=warning:stderr --sun-misc-unsafe-memory-access=allow \
        --enable-native-access=jocl,org.lwjgl,farpage.mm --add-modules org.lwjgl.natives \
        ${FARPAGE_JAVA_OPTS-} -p "$java_modules" -m farpage.cli/farpage.cli.Main "$@"
}

# The linker takes a blank in LD_PRELOAD for the end of a name, but none in LD_LIBRARY_PATH.
preload_jsig() {
    jsig=$1/libjsig.so
    case $1 in
        *[[:space:]]*)
            jsig=libjsig.so
            append_path LD_LIBRARY_PATH "$1"
            ;;
    esac
    export LD_PRELOAD="$jsig${LD_PRELOAD:+:$LD_PRELOAD}"
}
