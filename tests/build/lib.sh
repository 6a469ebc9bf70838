# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# What the checks of this folder share beside TAP (tests/lib/tap.sh): kernels,
# scratch copies, lists of files.
#
#   expect_none NAME < <(COMMAND…)
#                         one check: there is no input; what there is is shown
#   scratch               sets $scratch to a new directory
#   $kernels              the kernels of the project
#   kernel_dir KERNEL     prints the directory of its headers
#   kernel_release KDIR   prints the release as modules carry it
#   copy_sources DIR      puts what DKMS sees of the module into DIR/src
#   project_files GLOB…   the files of the project, one a line
#   handwritten           of the files it reads, those that nothing generated
#   kernel_tools          prints where tools of the kernel's sources are
#   module_files          what the module is built from, one a line

set -u
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
cache=${OZPROXY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ozproxy}
cd "$root" || exit 1
export LC_ALL=C

# shellcheck source-path=SCRIPTDIR source=../lib/deps.sh
. "$root/tests/lib/deps.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$root/tests/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/passed.sh
. "$root/tests/lib/passed.sh"

# shellcheck disable=SC2034 # for the scripts
kernels="6.12 6.1"

expect_none()
{
	local found

	found=$(cat)
	if [[ -z $found ]]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "$found"
	fi
}

# Goes away with the script's own directory.
scratch()
{
	# shellcheck disable=SC2034 # for the scripts
	scratch=$(mktemp -d "$OZP_TMP/XXXXXX") || exit 1
}

# The newest installed headers of a kernel; they are installed when missing.
kernel_dir()
{
	local name=$1 dir

	dir=$(printf '%s\n' "/usr/src/linux-headers-$name."*-amd64 |
		sort -V | tail -n 1)
	[[ -e $dir/Makefile ]] || dir=
	if [[ -z $dir ]]; then
		dir=$("$root/tests/qemu/kernel.sh" "$name" |
			sed -n 's/^BUILD=//p')
		[[ -n $dir ]] || return 1
	fi
	echo "$dir"
}

# The release as the modules built for it carry it.
kernel_release()
{
	sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' \
		"$1/include/generated/utsrelease.h"
}

copy_sources()
{
	make -s --no-print-directory dkms-install DESTDIR="$1" SOURCETREE= &&
		mv "$1/ozproxy-$(<include/VERSION)" "$1/src"
}

# What git would keep: files that are tracked or could be added. Sources that
# came without git's folder get an empty one for the time of the check.
project_git()
{
	if [[ -e .git ]]; then
		git -c safe.directory="$root" "$@"
	else
		[[ -e $OZP_TMP/git ]] || git init -q --bare "$OZP_TMP/git"
		git --git-dir="$OZP_TMP/git" --work-tree="$root" "$@"
	fi
}

project_files()
{
	local file

	project_git ls-files -co --exclude-standard -- "$@" |
		while read -r file; do
			[[ ! -f $file ]] || echo "$file"
		done | sort
}

module_files()
{
	project_files 'kmod/*' 'include/*' Kbuild Makefile dkms.conf
}

# Without files, every check of files would pass.
if [[ -z $(project_files 'Makefile') ]]; then
	echo "Bail out! git does not list the files of $root"
	exit 1
fi

# Files that a generator wrote say so in their head.
handwritten()
{
	local file

	while read -r file; do
		head -n 5 "$file" | grep -qi 'generated' || echo "$file"
	done
}

# A part of the kernel's sources, unpacked once into the cache, for tools that
# no package carries. Prints where it is.
kernel_tools()
{
	local version dir tarball=/usr/src/linux-source-6.12.tar.xz

	need_packages linux-source-6.12 || return 1
	version=$(dpkg-query -W -f '${Version}' linux-source-6.12)
	# The list below is a part of what is cached.
	dir=$cache/kernel-tools/$version-2
	if [[ ! -e $dir ]]; then
		rm -rf "$dir.tmp"
		mkdir -p "$dir.tmp" || return 1
		tar -C "$dir.tmp" --strip-components=1 -xf "$tarball" \
			linux-source-6.12/scripts/checkpatch.pl \
			linux-source-6.12/scripts/spelling.txt \
			linux-source-6.12/scripts/const_structs.checkpatch \
			linux-source-6.12/scripts/kernel-doc \
			linux-source-6.12/scripts/coccinelle \
			linux-source-6.12/tools/net/ynl \
			linux-source-6.12/Documentation/netlink &&
			mv "$dir.tmp" "$dir" || return 1
	fi
	echo "$dir"
}
