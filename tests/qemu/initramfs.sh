# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# The small first root of the guest: busybox, the modules that reach the
# host's files, and init. Its only work is to make way for the real root, of
# which it brings along what is opened most often (resident.py).
#
# Source it, after kernel_resolve, for
#
#   initramfs_build JOB FILE PATH…   writes to FILE the initramfs that runs JOB
#                                    and brings along what is at PATH…
#
# The part that all runs of a kernel share is kept in the cache, and so are the
# host's programs.

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

# initramfs_resident FILE: an archive of the files that standard input names,
# each at its path below /resident.
initramfs_resident()
{
	local dir status

	dir=$(mktemp -d) || return 1
	mkdir "$dir/resident" &&
		(cd / && sed 's,^/,,' | xargs -r -d '\n' \
			cp -a --parents -t "$dir/resident") &&
		(cd "$dir" && find . | cpio -o -H newc -R 0:0 --quiet) >"$1"
	status=$?
	rm -rf "$dir"
	return "$status"
}

# initramfs_programs PATH…: prints where the cached archive of the host's programs
# is. Files are known by size and date, as make does it.
initramfs_programs()
{
	local here list key file

	here=$(dirname "${BASH_SOURCE[0]}")
	list=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		python3 -SEB "$here/resident.py" "$@") || return 1
	key=$(xargs -d '\n' stat -c '%n %s %y' <<<"$list" | cksum |
		cut -d ' ' -f 1)
	file=$OZP_CACHE/resident-$key
	if [[ ! -s $file ]]; then
		find "$OZP_CACHE" -maxdepth 1 -name 'resident-*' -mmin +60 -delete
		initramfs_resident "$file.$$" <<<"$list" &&
			mv "$file.$$" "$file" || return 1
	fi
	echo "$file"
}

initramfs_build()
{
	local job=$1 file=$2 key base programs here

	shift 2
	here=$(dirname "${BASH_SOURCE[0]}")
	key=$(cat "$here/init" "$here/initramfs.sh" "$(command -v busybox)" |
		cksum | cut -d ' ' -f 1)
	base=$KERNEL_MODULES/initramfs-$key
	if [[ ! -s $base ]]; then
		initramfs_base "$base.$$" && mv "$base.$$" "$base" || return 1
	fi
	programs=$(initramfs_programs "$@") || return 1
	# The kernel unpacks archives that follow one another.
	{ cat "$base" "$programs" && (cd "$(dirname "$job")" &&
		basename "$job" | cpio -o -H newc -R 0:0 --quiet); } >"$file" &&
		find "$@" -type f | initramfs_resident "$file.tree" &&
		cat "$file.tree" >>"$file" && rm "$file.tree"
}
