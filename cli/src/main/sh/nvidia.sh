# shellcheck shell=sh
# Finds NVIDIA's OpenCL where no .icd file names it: a container gets the driver's libraries from
# its host, but not the file in /etc/OpenCL/vendors.

nvidia_library=libnvidia-opencl.so.1

# Shows the loader NVIDIA's library beside all that the system's .icd files name. Whoever says where
# .icd files are is not overruled.
register_nvidia() {
    [ -z "${OCL_ICD_VENDORS-}${OPENCL_VENDOR_PATH-}${OCL_ICD_FILENAMES-}" ] || return 0
    if find_nvidia && ! is_nvidia_registered; then
        make_vendors
    fi
}

# True when the linker finds the library, after adding its folder if it lies in one of its own.
find_nvidia() {
    find_library_file $nvidia_library && return
    for nvidia_folder in "$system_root"/usr/local/nvidia/lib64 "$system_root"/usr/local/nvidia/lib \
        "$system_root"/usr/lib/*-linux-gnu/nvidia/current "$system_root"/usr/lib64/nvidia \
        "$system_root"/run/opengl-driver/lib; do
        if [ -e "$nvidia_folder/$nvidia_library" ]; then
            append_path LD_LIBRARY_PATH "$nvidia_folder"
            return
        fi
    done
    # Asking the linker takes a process, which a host without the driver need not wait for.
    [ -e /proc/driver/nvidia ] || [ -e /dev/nvidiactl ] || return 1
    find_in_linker_cache $nvidia_library
}

is_nvidia_registered() {
    for icd_file in "$system_root"/etc/OpenCL/vendors/*.icd; do
        if icd_usable "$icd_file"; then
            case ${icd_library##*/} in
                libnvidia-opencl.so*) return ;;
            esac
        fi
    done
    return 1
}

# A folder in the cache that is never changed: what is in it gives it its name.
make_vendors() {
    make_cache_dir
    vendors_work=$(mktemp -d "$cache_dir/.vendors-XXXXXX") ||
        die "$exit_setup" "cannot write $cache_dir"
    remove_at_exit "$vendors_work"
    for icd_file in "$system_root"/etc/OpenCL/vendors/*.icd; do
        if [ -r "$icd_file" ]; then
            cp "$icd_file" "$vendors_work/" || die "$exit_setup" "cannot write $cache_dir"
        fi
    done
    printf '%s\n' $nvidia_library >"$vendors_work/nvidia.icd" ||
        die "$exit_setup" "cannot write $cache_dir"
    vendors_sum=$(cd "$vendors_work" && cksum ./*.icd | cksum) ||
        die "$exit_setup" "cksum not found: install coreutils"
    vendors_folder=$cache_dir/vendors-${vendors_sum%% *}
    if ! [ -d "$vendors_folder" ]; then
        mv "$vendors_work" "$vendors_folder" || die "$exit_setup" "cannot write $cache_dir"
    fi
    remove_now
    export OCL_ICD_VENDORS="$vendors_folder"
}
