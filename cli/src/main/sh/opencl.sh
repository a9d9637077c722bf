# shellcheck shell=sh
# Makes sure that an OpenCL platform is there. The question is answered by looking at files: an
# ICD loader, and an .icd file that names a library that exists. Whether its devices are usable is
# for the program to say.

# Does the command line ask for something that needs a device? Help and the version do not;
# doctor tells what is missing and changes nothing; bundle makes something for another host.
needs_opencl() {
    asked_command=
    for argument in "$@"; do
        case $argument in
            --) break ;;
            -h | --help | -V | --version) return 1 ;;
            -*) ;;
            *) [ -n "$asked_command" ] || asked_command=$argument ;;
        esac
    done
    case $asked_command in
        '' | help | doctor | bundle | report) return 1 ;;
    esac
}

set_up_opencl() {
    register_nvidia
    if ! opencl_found && ! use_default_vendors && ! use_unpacked; then
        # shellcheck source=cli/src/main/sh/pocl.sh
        . "$sh_dir/pocl.sh"
        install_opencl
    fi
    choose_pocl_cache
}

use_opencl_if_there() {
    register_nvidia
    opencl_found || use_unpacked || :
    choose_pocl_cache
}

# Sets loader_missing and icd_missing to yes or no; true when both are there.
opencl_found() {
    loader_missing=yes
    icd_missing=yes
    if find_library libOpenCL.so.1; then
        loader_missing=no
        loader_file=$library_file
    fi
    vendors=${OCL_ICD_VENDORS:-${OPENCL_VENDOR_PATH:-$system_root/etc/OpenCL/vendors}}
    if vendors_usable "$vendors" || icd_filenames_usable; then
        icd_missing=no
    fi
    [ "$loader_missing" = no ] && [ "$icd_missing" = no ]
}

# A variable that hides the platforms of the system is set aside, and this is said.
use_default_vendors() {
    [ "$loader_missing" = no ] && [ -n "${OCL_ICD_VENDORS:-${OPENCL_VENDOR_PATH-}}" ] || return 1
    may_install && vendors_usable "$system_root/etc/OpenCL/vendors" || return 1
    note "$vendors names no usable OpenCL platform: using $system_root/etc/OpenCL/vendors"
    unset OPENCL_VENDOR_PATH
    export OCL_ICD_VENDORS="$system_root/etc/OpenCL/vendors"
}

# A folder of .icd files, one such file, or the name of a library: what the loaders accept.
vendors_usable() {
    if [ -d "$1" ]; then
        for icd_file in "$1"/*.icd; do
            icd_usable "$icd_file" && return
        done
        return 1
    fi
    case $1 in
        *.icd) icd_usable "$1" ;;
        *) find_library "$1" ;;
    esac
}

icd_usable() {
    [ -r "$1" ] || return 1
    icd_library=
    read -r icd_library <"$1" || [ -n "$icd_library" ] || return 1
    find_library "$icd_library"
}

# OCL_ICD_FILENAMES is known to the Khronos loader and not to ocl-icd.
icd_filenames_usable() {
    [ -n "${OCL_ICD_FILENAMES-}" ] && [ "$loader_missing" = no ] || return 1
    grep -q OCL_ICD_FILENAMES "$loader_file" || return 1
    icd_filenames=$OCL_ICD_FILENAMES:
    while [ -n "$icd_filenames" ]; do
        find_library "${icd_filenames%%:*}" && return
        icd_filenames=${icd_filenames#*:}
    done
    return 1
}

# Sets library_file to where the dynamic linker would find NAME.
find_library() {
    find_library_file "$1" || find_in_linker_cache "$1"
}

# The same without asking for what the linker's configuration names, which takes a process.
find_library_file() {
    library_file=$1
    case $1 in
        '') return 1 ;;
        */*) [ -e "$1" ]; return ;;
    esac
    library_path=${LD_LIBRARY_PATH-}:
    while [ -n "$library_path" ]; do
        library_file=${library_path%%:*}/$1
        [ "$library_file" != "/$1" ] && [ -e "$library_file" ] && return
        library_path=${library_path#*:}
    done
    for library_folder in "$system_root"/usr/lib/*-linux-gnu "$system_root"/lib/*-linux-gnu \
        "$system_root"/usr/local/lib "$system_root"/usr/lib64 "$system_root"/usr/lib; do
        library_file=$library_folder/$1
        case $library_file in
            */i386-linux-gnu/*) continue ;;
        esac
        [ -e "$library_file" ] && return
    done
    return 1
}

find_in_linker_cache() {
    case $1 in
        '' | */*) return 1 ;;
    esac
    [ -z "$system_root" ] && has_linker_cache || return 1
    library_file=$("$linker_config" -p 2>/dev/null |
        sed -n "s|^[[:space:]]*$1 .* => ||p" | head -n 1)
    [ -n "$library_file" ] && [ -e "$library_file" ]
}

has_linker_cache() {
    for linker_config in /sbin/ldconfig /usr/sbin/ldconfig; do
        [ -x $linker_config ] && return
    done
    return 1
}

# Points the loader, and what PoCL starts to link kernels, at an earlier unpacking in the cache.
# What the system has comes first, except for the loader's list of platforms.
use_unpacked() {
    if [ "$icd_missing" = no ]; then
        unpacked_kind=loader
    else
        unpacked_kind=pocl
    fi
    name_cache_dir
    if ! find_unpacked; then
        name_temporary_cache_dir
        is_own_folder "$cache_dir" && find_unpacked || return 1
    fi
    for unpacked_folder in "$unpacked"/usr/lib/*-linux-gnu "$unpacked"/lib/*-linux-gnu; do
        [ -d "$unpacked_folder" ] && append_path LD_LIBRARY_PATH "$unpacked_folder"
    done
    if [ "$unpacked_kind" = pocl ]; then
        unset OPENCL_VENDOR_PATH
        export OCL_ICD_VENDORS="$unpacked/vendors"
        append_path PATH "$unpacked/usr/bin"
        for unpacked_folder in "$unpacked"/usr/lib/gcc/*/* "$unpacked/link"; do
            [ -d "$unpacked_folder" ] && append_path LIBRARY_PATH "$unpacked_folder"
        done
    fi
    return 0
}

find_unpacked() {
    unpacked=
    for unpacked_candidate in "$cache_dir/$unpacked_kind"-*; do
        [ -r "$unpacked_candidate/complete" ] && unpacked=$unpacked_candidate
    done
    [ -n "$unpacked" ]
}

# append_path VARIABLE FOLDER: an empty member would mean the current folder, so none is left.
append_path() {
    eval "path_value=\${$1-}"
    # shellcheck disable=SC2154 # the line above sets it
    eval "export $1=\"\${path_value:+\$path_value:}\$2\""
}

# PoCL keeps compiled kernels under the user's cache folder; where that cannot be written it would
# fail, so it gets a folder that can.
choose_pocl_cache() {
    [ -z "${POCL_CACHE_DIR-}" ] || return 0
    pocl_cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/pocl
    [ -d "$pocl_cache" ] || mkdir -p "$pocl_cache" 2>/dev/null
    if ! [ -w "$pocl_cache" ]; then
        make_cache_dir
        export POCL_CACHE_DIR="$cache_dir/kernels"
    fi
}

# Ends the program: the one message for every case in which no platform can be had.
die_without_opencl() {
    die "$exit_no_device" "no usable OpenCL platform ($(missing_opencl))$1: install one with" \
        "'apt-get install pocl-opencl-icd ocl-icd-libopencl1' (Debian, Ubuntu)," \
        "'dnf install pocl ocl-icd' (Fedora), or the OpenCL driver of the GPU's vendor"
}

missing_opencl() {
    missing=
    if [ "$icd_missing" = yes ]; then
        missing="no .icd file in $vendors names a library that exists"
    fi
    if [ "$loader_missing" = yes ]; then
        missing="${missing:+$missing; }no libOpenCL.so.1"
    fi
    printf '%s' "$missing"
}
