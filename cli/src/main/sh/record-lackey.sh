#!/bin/sh
# Records the memory accesses of a command with Valgrind's lackey tool, for ./farpage run --trace.
#
#   record-lackey.sh [--skip=N] [--keep=N] FILE.gz COMMAND [ARGUMENT...]
#
# The first N accesses are skipped (the dynamic loader's, say) and at most N kept. The command runs
# with an empty environment, so that neither the variables nor their length are in the recording,
# and its output is dropped. FILE is written whole or not at all; a summary goes to standard error.
set -u

usage() {
    echo "usage: ${0##*/} [--skip=N] [--keep=N] FILE.gz COMMAND [ARGUMENT...]" >&2
    exit 2
}

skip=0
keep=9007199254740992
while [ $# -gt 0 ]; do
    case $1 in
        --skip=*) skip=${1#*=} ;;
        --keep=*) keep=${1#*=} ;;
        -*) usage ;;
        *) break ;;
    esac
    shift
done
case $skip:$keep in
    *[!0-9:]* | :* | *:) usage ;;
esac
[ $# -ge 2 ] || usage
if ! command -v valgrind >/dev/null 2>&1; then
    echo "${0##*/}: valgrind not found: install it ('apt-get install valgrind')" >&2
    exit 2
fi

file=$1
shift
work=$(mktemp -d "$file.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Lackey writes to descriptor 3, which leads into the pipe. Lines that begin with == are Valgrind's.
# A number of lines after which awk ends breaks the pipe, and that ends the command.
{
    env -i PATH="$PATH" LC_ALL=C valgrind -q --tool=lackey --trace-mem=yes --log-fd=3 "$@" \
        3>&1 >/dev/null
    echo $? >"$work/status"
} | awk -v skip="$skip" -v keep="$keep" -v summary="$work/summary" '
    /^==/ || ++seen <= skip { next }
    {
        print
        kept++
        kind = substr($0, 1, 2)
        kinds[kind]++
        page = substr($0, 4, index($0, ",") - 7)
        pages[page] = 1
        if (kind != "I ") dataPages[page] = 1
        if (kept == keep) exit
    }
    END {
        for (page in pages) pageCount++
        for (page in dataPages) dataPageCount++
        printf "%d accesses: %d instruction fetches, %d loads, %d stores, %d modifies\n", \
            kept, kinds["I "], kinds[" L"], kinds[" S"], kinds[" M"] > summary
        printf "%d distinct pages of 4 KiB, %d of them with data accesses\n", \
            pageCount, dataPageCount > summary
        if (kept < keep) print "whole" > summary
    }' | gzip -9n >"$work/recording"

if ! [ -s "$work/summary" ] || grep -q '^0 accesses' "$work/summary"; then
    echo "${0##*/}: nothing recorded: $skip accesses skipped of $*" >&2
    exit 1
fi
if grep -q '^whole$' "$work/summary" && [ "$(cat "$work/status")" != 0 ]; then
    echo "${0##*/}: the command failed with exit code $(cat "$work/status"): $*" >&2
    exit 1
fi
mv "$work/recording" "$file" || exit 2
grep -v '^whole$' "$work/summary" >&2
