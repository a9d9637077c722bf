# shellcheck shell=sh
# The set-up that ./farpage and ./check share. Expects farpage_root, the absolute path of the clone.
# pocl.sh is read only when something has to be installed.

sh_dir=$farpage_root/cli/src/main/sh
# shellcheck source=cli/src/main/sh/common.sh
. "$sh_dir/common.sh"
# shellcheck source=cli/src/main/sh/jdk.sh
. "$sh_dir/jdk.sh"
# shellcheck source=cli/src/main/sh/opencl.sh
. "$sh_dir/opencl.sh"
# shellcheck source=cli/src/main/sh/nvidia.sh
. "$sh_dir/nvidia.sh"
# shellcheck source=cli/src/main/sh/build.sh
. "$sh_dir/build.sh"
# shellcheck source=cli/src/main/sh/java.sh
. "$sh_dir/java.sh"
