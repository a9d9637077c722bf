#!/bin/sh
# Makes the two recordings of the repository anew: docs/RECORDING.md describes them. Other versions
# of the programs or of the C library give other addresses, so the result need not be the same.
#
#   record-demo.sh FOLDER
set -eu

[ $# = 1 ] || { echo "usage: ${0##*/} FOLDER" >&2; exit 2; }
folder=$1
scripts=$(cd "${0%/*}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Lines of random words: a multiplicative generator with a fixed start picks them from LICENSE.
text() {
    awk -v lines="$1" -v width="$2" '
        { for (i = 1; i <= NF; i++) words[count++] = $i }
        END {
            state = 1
            for (line = 0; line < lines; line++) {
                text = ""
                while (length(text) < width) {
                    state = state * 16807 % 2147483647
                    text = text words[state % count] " "
                }
                print text
            }
        }' "$scripts/../../../../LICENSE"
}

# The names stay free of folders: they are in the memory that the programs read.
text 500 4500 >"$work/lines"
text 10000 90 >"$work/text"
cd "$work"
echo "sort.lackey.gz: sort --parallel=1 -S 16M lines" >&2
"$scripts/record-lackey.sh" --skip=146000 sort.lackey.gz sort --parallel=1 -S 16M lines
echo "compress.lackey.gz: bzip2 -9 -c text" >&2
"$scripts/record-lackey.sh" --skip=108000000 --keep=1150000 compress.lackey.gz bzip2 -9 -c text
cd "$OLDPWD"
mkdir -p "$folder"
mv "$work/sort.lackey.gz" "$work/compress.lackey.gz" "$folder/"
