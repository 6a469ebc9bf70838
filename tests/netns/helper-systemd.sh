#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ozproxyd.service as it is installed, under systemd: a user of its own with one
# capability makes and routes the device and turns forwarding on; systemd hears
# that it is ready, how it is, and that it is alive; it comes back after it was
# killed, or hangs; its state outlives it.
#
#   systemd (process 1 of namespaces of its own) ── ozproxyd ── oz0, in "w1"
#
# kernels: 6.12
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need journalctl gojq make nsenter ozctl ozproxyd pgrep ps systemctl systemd-sysusers \
	unshare

tree=$(realpath "$(dirname "$0")/../..")
systemd=/lib/systemd/systemd
[[ -x $systemd ]] || skip_all "there is no systemd"

# What else a machine does at its start is not for the test, nor for the files
# of the test: /tmp is emptied then.
mask_others()
{
	local unit

	for unit in /lib/systemd/system/*.target.wants/* \
		/etc/systemd/system/*.wants/* modprobe@.service getty.target \
		local-fs.target remote-fs.target swap.target; do
		[[ $unit == *systemd-journald* ]] ||
			ln -sf /dev/null "/run/systemd/system/${unit##*/}"
	done
}

# As README.md says it, into the machine's files, which are of memory and seen by
# nobody else.
install_it()
{
	local config=/etc/ozproxy/ozproxyd.conf

	make -s -C "$tree/userspace" install && ldconfig && systemd-sysusers &&
		install -D -m 0644 /usr/local/share/ozproxy/ozproxyd.conf \
			"$config" || return 1
	echo 'table = /etc/ozproxy/table.json' >>"$config"
	table /etc/ozproxy/table.json &&
		/usr/local/bin/ozproxyd --check-config || return 1
	# For a time that a test can wait.
	mkdir -p /run/systemd/system/ozproxyd.service.d &&
		printf '[Service]\nWatchdogSec=3\n' \
			>/run/systemd/system/ozproxyd.service.d/watchdog.conf
	mask_others
}

# With a tree of cgroups of its own, as it takes what it finds for its own.
boot()
{
	netns_add w1 && mkdir -p /sys/fs/cgroup/ozproxy || return 1
	# shellcheck disable=SC2016 # for the shell inside
	container=ozproxy nsenter "--net=/run/netns/$(ns_name w1)" -- sh -c '
		echo 0 >/sys/fs/cgroup/ozproxy/cgroup.procs &&
		exec unshare --pid --fork --kill-child --mount --cgroup \
			--uts --ipc sh -c "
				mount -t proc proc /proc &&
				umount /sys/fs/cgroup &&
				mount -t cgroup2 cgroup /sys/fs/cgroup &&
				exec $1 --system --unit=ozproxyd.service"' \
		sh "$systemd" >"$OZP_TMP/boot" 2>&1 </dev/null &
	unshare_pid=$!
	ozp_pids+=("$unshare_pid")
	wait_until 20 find_init
}

find_init()
{
	init=$(pgrep -P "$unshare_pid" -x systemd)
}

inside()
{
	nsenter --target "$init" --all -- "$@"
}

# property NAME: of the service
property()
{
	inside systemctl show --value -p "$1" ozproxyd
}

is_active()
{
	[[ $(property ActiveState) == active ]]
}

boot_words()
{
	diag "$(tail -n 20 "$OZP_TMP/boot")"
	[[ -n $init ]] || return 0
	diag "$(inside systemctl --no-pager -l status ozproxyd 2>&1)"
	diag "$(inside journalctl --no-pager -n 20 2>&1)"
}

of_helper()
{
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$helper/status"
}

begins()
{
	check "the service becomes ready" wait_until 60 is_active
	like "systemd is told how it is" "$(property StatusText)" '2 jobs, no broker'
	helper=$(pgrep -x ozproxyd)
	is "its user is its own" "$(ps -o user= -p "$helper")" ozproxyd
	is "it has CAP_NET_ADMIN" "$(of_helper CapEff)" 0000000000001000
	is "and can get nothing else" "$(of_helper CapBnd)" 0000000000001000
	is "nor new privileges" "$(of_helper NoNewPrivs)" 1
	is "its system calls are filtered" "$(of_helper Seccomp)" 2
	check "the device is there and up" nip w1 link show oz0 up
	like "routed" "$(nip w1 route show 10.30.0.0/16)" 'dev oz0'
	like "for IPv6, too" "$(nip w1 -6 route show fdff::/16)" 'dev oz0'
	is "forwarding is on" "$(ns w1 cat /proc/sys/net/ipv4/ip_forward \
		/proc/sys/net/ipv6/conf/all/forwarding | xargs)" "1 1"
	check "the table is filled" wait_until 10 knows w1 shop
	check "it can be asked" inside ozproxyd --status
	is "it has nothing to warn of" "$(inside journalctl -q -u ozproxyd -p 4 \
		-o cat)" ""
}

is_another()
{
	[[ $(property MainPID) != "$1" ]] && is_active
}

comes_back()
{
	local before reads

	before=$(property MainPID)
	check "it is killed" inside systemctl kill -s KILL ozproxyd
	check "it comes back" wait_until 30 is_another "$before"
	check "the table is there" knows w1 shop
	before=$(property MainPID)
	check "it hangs" inside systemctl kill -s STOP ozproxyd
	check "the watchdog ends that" wait_until 60 is_another "$before"
	is "that is why" "$(inside journalctl -q -u ozproxyd -o cat |
		grep -c 'Watchdog timeout')" 1
	before=$(property MainPID) reads=$(table_reads)
	check "a hangup" inside systemctl kill -s HUP ozproxyd
	check "has the table read again" wait_until 20 table_was_read "$reads"
	is "and ends nothing" "$(property MainPID)" "$before"
}

table_reads()
{
	inside journalctl -q -u ozproxyd -o cat | grep -c 'table\.json: '
}

table_was_read()
{
	(($(table_reads) > $1))
}

ends()
{
	check "it is stopped" inside systemctl stop ozproxyd
	is "as a success" "$(property Result)" success
	check "the device stays" nip w1 link show oz0 up
	check "and so does the table" knows w1 shop
	is "its directory is its own" "$(stat -c '%U %a' /var/lib/ozproxy)" \
		"ozproxyd 750"
	kill -RTMIN+3 "$init"
	wait "$unshare_pid"
	pid_forget "$unshare_pid"
}

init='' helper=''
at_failure boot_words
if ! check "the service is installed" install_it ||
	! check "systemd runs" boot; then
	tap_done
fi
begins
comes_back
ends
tap_done
