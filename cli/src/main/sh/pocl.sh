# shellcheck shell=sh
# Sets up PoCL, the OpenCL implementation that runs on any CPU: with root by installing the
# distribution's packages, without root by unpacking them into the user's cache folder.

install_opencl() {
    may_install || die_without_opencl ", and FARPAGE_NO_INSTALL forbids setting up PoCL"
    has_command apt-get || die_without_opencl ", and no apt-get to set up PoCL with"
    make_cache_dir
    take_lock "$cache_dir/lock" "sets up PoCL"
    # What a killed set-up left; no other one runs while the lock is held.
    rm -rf "$cache_dir"/.setup-*
    if ! opencl_found && ! use_unpacked; then
        if can_install_packages; then
            install_packages
        else
            unpack_packages
        fi
    fi
    release_lock
}

install_packages() {
    packages=ocl-icd-libopencl1
    if [ "$icd_missing" = yes ]; then
        packages="pocl-opencl-icd $packages"
    fi
    note "no OpenCL platform found: installing $packages with apt-get"
    make_work_folder
    # shellcheck disable=SC2086 # a list of names
    install_with_apt $packages ||
        die_without_opencl ", and apt-get could not install $packages ($(first_error))"
    remove_now
    if opencl_found || use_default_vendors; then
        return
    fi
    die_without_opencl ", even after installing $packages"
}

# Tries the package lists that are there, then fresh ones. A package that the system believes to
# have, and whose files are gone, is installed again.
install_with_apt() {
    export DEBIAN_FRONTEND=noninteractive
    set -- -y -q --no-install-recommends --reinstall -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
        install "$@"
    logged apt-get "$@" && return
    : >"$work/log"
    logged apt-get -q -o Acquire::Retries=1 update || return
    logged apt-get "$@"
}

# Unpacks into a folder with a temporary name and renames it when it is complete, so that what
# has its final name can be used.
unpack_packages() {
    make_work_folder
    note "no OpenCL platform found: fetching packages (not root) and unpacking them in $cache_dir"
    configure_private_apt
    fetch_packages ||
        die_without_opencl ", and its packages could not be fetched ($(first_error))"
    unpacked_version=$(for deb in "$work/debs/$version_package"_*.deb; do
        dpkg-deb -f "$deb" Version
    done)
    unpacked_name=$unpacked_kind-$(printf '%s' "$unpacked_version" | tr -c 'A-Za-z0-9.+-' _)
    for deb in "$work"/debs/*.deb; do
        logged dpkg-deb -x "$deb" "$work/tree" ||
            die_without_opencl ", and ${deb##*/} could not be unpacked into $cache_dir"
    done
    rm -rf "$work/tree/usr/share/doc" "$work/tree/usr/share/man" "$work/tree/usr/share/locale"
    [ "$unpacked_kind" = loader ] || finish_pocl_tree
    : >"$work/tree/complete"
    rm -rf "${cache_dir:?}/$unpacked_name"
    mv "$work/tree" "$cache_dir/$unpacked_name" || die "$exit_setup" "cannot write $cache_dir"
    remove_now
    use_unpacked || die_without_opencl ", even after unpacking PoCL"
}

# The loader's list with PoCL by its full path, and the names under which the linker looks for the
# libraries that every kernel is linked with: they are here, but their development packages need
# not be.
finish_pocl_tree() {
    mkdir -p "$work/tree/vendors" "$work/tree/link"
    for pocl_library in "$work"/tree/usr/lib/*-linux-gnu/libpocl.so.?; do
        has_its_libraries "$pocl_library" ||
            die_without_opencl ", and PoCL's packages lack a library"
        printf '%s\n' "$cache_dir/$unpacked_name${pocl_library#"$work/tree"}" \
            >"$work/tree/vendors/pocl.icd"
    done
    for linked in libm.so.6 libc.so.6 libgcc_s.so.1; do
        if find_library $linked; then
            ln -s "$library_file" "$work/tree/link/${linked%.*}"
        fi
    done
}

has_its_libraries() {
    tree_folder=${1%/*}
    ! LD_LIBRARY_PATH=$tree_folder:$work/tree/${tree_folder#"$work/tree/usr/"} ldd "$1" 2>&1 |
        grep -e 'not found' -e 'No such file' >&2
}

# An apt of our own: its lists and its cache lie in the work folder, it believes that nothing is
# installed, and the system's sources and keys are used as they are.
configure_private_apt() {
    mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/debs" "$work/tree"
    : >"$work/apt/status"
    cat >"$work/apt/apt.conf" <<END
Dir::State "$work/apt";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
APT::Sandbox::User "";
APT::Install-Recommends "false";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
}

private_apt() {
    apt_tool=$1
    shift
    "$apt_tool" -q -c "$work/apt/apt.conf" "$@" </dev/null
}

# What to fetch is computed, so that it holds for other releases too: what PoCL's library needs,
# less the clang command and its headers, less all that apt itself needs and that is therefore
# here; the linker, and the libgcc that it links kernels with.
fetch_packages() {
    logged private_apt apt-get update || return
    version_package=ocl-icd-libopencl1
    fetch=$version_package
    if [ "$unpacked_kind" = pocl ]; then
        version_package=pocl-opencl-icd
        pocl_packages=$(package_depends pocl-opencl-icd)
        # shellcheck disable=SC2046,SC2086 # lists of names
        closure_of ocl-icd-libopencl1 binutils \
            $(package_depends $pocl_packages | grep -v '^clang') >"$work/wanted" || return
        closure_of apt dpkg >"$work/present" || return
        gcc_version=$(sed -n 's/^gcc-\([0-9][0-9]*\)-base$/\1/p' "$work/wanted" | tail -n 1)
        fetch=$(grep -Fvx -f "$work/present" "$work/wanted" | grep -v '^libgprofng')
        fetch="pocl-opencl-icd $pocl_packages libgcc-$gcc_version-dev $fetch"
    fi
    # shellcheck disable=SC2086 # a list of names
    (cd "$work/debs" && logged private_apt apt-get download $fetch)
}

package_depends() {
    private_apt apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances "$@" 2>>"$work/log" | sed -n 's/^ *Depends: \([^<]*\)$/\1/p' |
        grep -v -e '^libc6$' | sort -u
}

closure_of() {
    private_apt apt-get -s install "$@" >"$work/simulation" 2>>"$work/log" || return
    sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$work/simulation" | sort -u
}
