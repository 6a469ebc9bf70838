# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# The small first root of the guest: busybox, the modules that reach the
# host's files, and init. Its only work is to make way for the real root.
#
# Source it, after kernel_resolve, for
#
#   initramfs_build JOB FILE   writes to FILE the initramfs that runs JOB
#
# The part that all runs of a kernel share is kept in the cache.

# Modules that the guest needs before it can see the host's modules.
INITRAMFS_MODULES=(virtio_pci virtio_console 9pnet_virtio 9p overlay)

# Names the module files that modprobe would load for MODULE…, in order; none
# for what is built into the kernel.
initramfs_modules()
{
	local module list=

	for module; do
		list+=$(modprobe -d "$KERNEL_MODULES" -S "$KERNEL_VERSION" \
			--show-depends "$module")$'\n' || return 1
	done
	awk '$1 == "insmod" && !seen[$2]++ { print $2 }' <<<"$list"
}

initramfs_base()
{
	local file=$1 here dir module modules i status

	here=$(dirname "${BASH_SOURCE[0]}")
	modules=$(initramfs_modules "${INITRAMFS_MODULES[@]}") || return 1
	dir=$(mktemp -d) || return 1
	mkdir -p "$dir"/{bin,modules,dev,proc,sys,root} &&
		cp "$here/init" "$dir/init" && chmod 755 "$dir/init" &&
		cp "$(command -v busybox)" "$dir/bin/busybox" &&
		ln -s busybox "$dir/bin/sh"
	status=$?
	i=10	# two digits, so that sorting by name keeps the order
	for module in $modules; do
		cp "$module" "$dir/modules/$i-${module##*/}" || status=1
		i=$((i + 1))
	done
	((status == 0)) &&
		(cd "$dir" && find . | cpio -o -H newc -R 0:0 --quiet) >"$file"
	status=$?
	rm -rf "$dir"
	return "$status"
}

initramfs_build()
{
	local job=$1 file=$2 key base here

	here=$(dirname "${BASH_SOURCE[0]}")
	key=$(cat "$here/init" "$here/initramfs.sh" "$(command -v busybox)" |
		cksum | cut -d ' ' -f 1)
	base=$KERNEL_MODULES/initramfs-$key
	if [[ ! -s $base ]]; then
		initramfs_base "$base.$$" && mv "$base.$$" "$base" || return 1
	fi
	# The kernel unpacks archives that follow one another.
	{ cat "$base" && (cd "$(dirname "$job")" && basename "$job" |
		cpio -o -H newc -R 0:0 --quiet); } >"$file"
}
