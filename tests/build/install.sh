#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: build
#
# make install puts everything below DESTDIR and nowhere else, loads nothing,
# and make uninstall takes all of it away.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build || exit 1
mapfile -t files < <(project_files | grep -v '^tests/')
passed_script "${files[@]}"

scratch
destdir=$scratch/root
kdir=$(kernel_dir 6.12) || exit 1
release=$(kernel_release "$kdir")

# A build of its own: the tree may be in use for another kernel.
mkdir "$scratch/tree"
project_files '*' | cpio -pdm --quiet "$scratch/tree" || exit 1

# Tools that change a running system: they only say that they were called.
mkdir "$scratch/bin"
for tool in depmod dkms insmod ldconfig modprobe rmmod sysctl systemctl; do
	printf '#!/bin/sh\necho "%s $*" >>%q\n' "$tool" "$scratch/called" \
		>"$scratch/bin/$tool"
	chmod +x "$scratch/bin/$tool"
done

in_tree()
{
	PATH=$scratch/bin:$PATH make -s --no-print-directory -C "$scratch/tree" KDIR="$kdir" \
		DESTDIR="$destdir" "$@"
}

installed()
{
	[[ -n $(find "$destdir" -path "*$1") ]] || {
		echo "not installed: $1; what is there:"
		find "$destdir" ! -type d
		return 1
	}
}

# A program of somebody else's: found by pkg-config, linked, run.
library_is_usable()
{
	cat >"$scratch/use.c" <<'END'
#include <ozproxy.h>

int main(void)
{
	struct ozp_socket *sock;

	if (!ozp_socket_open(&sock))
		ozp_socket_close(sock);
	return 0;
}
END
	# shellcheck disable=SC2046 # flags are words
	"${CC:-cc}" -o "$scratch/use" "$scratch/use.c" $(
		PKG_CONFIG_PATH=$destdir/usr/lib/pkgconfig \
		PKG_CONFIG_SYSROOT_DIR=$destdir \
		PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 \
		PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
		pkg-config --cflags --libs libozproxy) &&
		LD_LIBRARY_PATH=$destdir/usr/lib "$scratch/use"
}

depmod_without_destdir()
{
	destdir='' in_tree -n install-module | grep 'depmod' &&
		! destdir='' in_tree -n install-module |
			grep -E 'insmod|modprobe'
}

check "make install" in_tree install PREFIX=/usr || tap_done
for file in "/lib/modules/$release/updates/ozproxy.ko" /usr/bin/ozctl \
	/usr/bin/ozproxyd \
	/libozproxy.a /libozproxy.so /libozproxy.pc \
	/usr/include/linux/ozproxy.h /usr/share/ozproxy/ozproxy.yaml \
	/man8/ozctl.8 /man7/ozproxy.7 /man8/ozproxyd.8 \
	/man5/ozproxyd.conf.5 /usr/share/ozproxy/ozproxyd.conf \
	/usr/lib/systemd/system/ozproxyd.service \
	/usr/lib/sysusers.d/ozproxyd.conf \
	/bash-completion/completions/ozctl \
	/bash-completion/completions/ozproxyd; do
	check "installed: $file" installed "$file"
done
check "the installed module is of the asked kernel" \
	test "$(modinfo -F vermagic \
		"$destdir/lib/modules/$release/updates/ozproxy.ko" |
		cut -d ' ' -f 1)" = "$release"
check "the installed library is found by pkg-config and links" \
	library_is_usable
expect_none "nothing stands outside PREFIX and /lib/modules" < <(
	find "$destdir" ! -type d ! -path "$destdir/usr/*" \
		! -path "$destdir/lib/modules/*")
check "make uninstall" in_tree uninstall PREFIX=/usr
expect_none "make uninstall leaves nothing" < <(
	find "$destdir" ! -type d -o -name '*ozproxy*')
expect_none "nothing was loaded, no tool of the system was called" < <(
	cat "$scratch/called" 2>/dev/null)

# Without DESTDIR the list of modules is made anew, and still nothing is loaded.
check "make -n install lists the modules by depmod" \
	depmod_without_destdir
tap_done
