#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: build
#
# DKMS builds for the kernel that it is asked for, installs below the tree of
# that kernel, and leaves nothing behind. Everything happens in trees of our
# own: the system's DKMS is not touched.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build || exit 1
need_packages dkms || exit 1
mapfile -t files < <(module_files)
passed_script "${files[@]}"

scratch
version=$(<include/VERSION)
flags="--dkmstree $scratch/dkms --sourcetree $scratch/src
	--installtree $scratch/modules --no-depmod"
mkdir "$scratch/dkms" "$scratch/src"
# DKMS signs where it finds a tool to sign with, and would make a key for the
# machine if it had none.
export sign_file=/nonexistent

run_dkms()
{
	local action=$1
	shift

	# shellcheck disable=SC2086 # flags are words
	dkms "$action" -m ozproxy -v "$version" $flags "$@"
}

run_make()
{
	make -s --no-print-directory SOURCETREE="$scratch/src" \
		DKMSFLAGS="${flags//[$'\n\t']/ }" "$@"
}

# Below DIRECTORY is a module of our version, and of kernel RELEASE.
module_is_of()
{
	local release=$1 module vermagic

	module=$(find "$2" -name 'ozproxy.ko*' -type f)
	[[ -n $module ]] || { echo "no module in $2"; return 1; }
	vermagic=$(modinfo -F vermagic "$module")
	[[ $vermagic == "$release "* ]] ||
		{ echo "vermagic '$vermagic', wanted $release"; return 1; }
	[[ $(modinfo -F version "$module") == "$version" ]] ||
		{ echo "not of version $version"; return 1; }
}

installed_for()
{
	module_is_of "$1" "$scratch/modules/$1"
}

built_for()
{
	module_is_of "$1" "$scratch/dkms/ozproxy/$version/$1"
}

refuses_old_kernel()
{
	local output

	output=$(run_dkms build -k 5.10.0-ozp \
		--kernelsourcedir "$(kernel_dir 6.1)" 2>&1)
	echo "$output"
	grep -q BUILD_EXCLUSIVE <<<"$output" &&
		[[ ! -e $scratch/dkms/ozproxy/$version/5.10.0-ozp ]]
}

nothing_left()
{
	find "$scratch/src" "$scratch/modules" "$scratch/dkms" \
		! -type d -o -name 'ozproxy*' |
		grep . && return 1
	return 0
}

check "dkms-install DESTDIR= only copies the sources" \
	make -s --no-print-directory dkms-install DESTDIR="$scratch/root"
expect_none "dkms-uninstall DESTDIR= leaves nothing" < <(
	make -s --no-print-directory dkms-uninstall DESTDIR="$scratch/root" 2>&1
	find "$scratch/root" ! -type d)

# The first kernel by the makefile, which also installs, the other by hand.
for name in $kernels; do
	kdir=$(kernel_dir "$name") || exit 1
	release=$(kernel_release "$kdir")
	if [[ $name == "${kernels%% *}" ]]; then
		mkdir -p "$scratch/modules/$release"
		check "make dkms-install adds, builds and installs for $name" \
			run_make dkms-install KDIR="$kdir"
		check "the module is below the tree of its kernel" \
			installed_for "$release"
	else
		check "dkms build -k $release" run_dkms build -k "$release"
		check "what it built is a module of $name" built_for "$release"
	fi
done
check "a kernel older than 6.1 is refused" refuses_old_kernel
check "make dkms-uninstall" run_make dkms-uninstall
check "no module, source or build is left" nothing_left
tap_done
