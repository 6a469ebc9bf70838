# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# Process 1 of the guest in its real root. tests/qemu/run writes a job file
# that sets the JOB_* variables and then sources this one:
#
#   JOB_MODULES       lib/modules of the kernel, to be seen at /lib/modules
#   JOB_ROOT          the project's tree
#   JOB_KO            the module to load; empty: none
#   JOB_LOAD          1: load it
#   JOB_CWD           where the command starts
#   JOB_ARTIFACTS     the directory shared with the host, same path on both
#   JOB_INTERACTIVE   1: the command gets the user's terminal, of
#                     JOB_ROWS by JOB_COLUMNS
#   JOB_ENV           NAME=VALUE…, the environment of the command
#   JOB_COMMAND       the command, a word each
#   JOB_PATIENCE      how much longer than on a good machine things may take
#
# Three channels to the host, apart from the console, which only carries the
# kernel's log: `verdict` (lines "ready SECONDS", "status N", "taint N",
# "complaint TEXT", "error TEXT"), `output` and `errors` of the command.

port_find()
{
	local name port

	for name in /sys/class/virtio-ports/*/name; do
		read -r port <"$name"
		[[ $port == "$1" ]] || continue
		name=${name%/name}
		echo "/dev/${name##*/}"
		return 0
	done
	return 1
}

guest_end()
{
	echo "taint $(</proc/sys/kernel/tainted)" >&"$verdict"
	exec {verdict}>&-
	sync
	# QEMU runs with -no-reboot: this ends it, faster than ACPI would.
	echo b >/proc/sysrq-trigger
}

guest_fail()
{
	echo "error $*" >&"$verdict"
	guest_end
}

# busybox, being static, starts in a third of the time.
guest_mounts()
{
	local bb=/usr/bin/busybox

	$bb mkdir -p /dev/pts /dev/shm /run/lock /run/netns
	$bb mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts &&
		$bb mount -t tmpfs shm /dev/shm &&
		$bb mount -t cgroup2 cgroup /sys/fs/cgroup &&
		$bb mount -t debugfs debugfs /sys/kernel/debug &&
		$bb mount -t tracefs tracefs /sys/kernel/tracing &&
		$bb mount --make-rshared / &&
		$bb mount -o bind "$JOB_MODULES" /usr/lib/modules || return 1
	$bb ln -sf pts/ptmx /dev/ptmx
	$bb ln -sfn /proc/self/fd /dev/fd
	$bb ln -s fd/0 /dev/stdin
	$bb ln -s fd/1 /dev/stdout
	$bb ln -s fd/2 /dev/stderr
}

# cache=none, the default: both sides see what the other wrote.
guest_share()
{
	[[ -d $JOB_ARTIFACTS ]] || busybox mkdir -p "$JOB_ARTIFACTS"
	busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 \
		artifacts "$JOB_ARTIFACTS"
}

# A kernel that has everything built in need not start a program for each name
# that it does not know.
guest_load()
{
	local depends

	[[ -s /lib/modules/$(uname -r)/modules.dep ]] ||
		echo >/proc/sys/kernel/modprobe

	depends=$(modinfo -F depends "$JOB_KO") || return 1
	# shellcheck disable=SC2086 # a comma-separated list
	{ [[ -z $depends ]] || modprobe -a ${depends//,/ }; } && insmod "$JOB_KO"
}

# A module that cannot be unloaded when all its users are gone has leaked a
# reference; unloading also waits for namespaces that are still being deleted.
guest_unload()
{
	local name=${JOB_KO##*/} error

	name=${name%.ko}
	name=${name//-/_}
	ip -all netns delete
	[[ -d /sys/module/$name ]] || return 0
	error=$(timeout -s KILL 60 rmmod "$name" 2>&1) ||
		echo "complaint rmmod $name: ${error:-does not end}" >&"$verdict"
}

# How many network namespaces there are, the deleted ones included that
# something still refers to. Free objects of the per-CPU caches and of KASAN's
# quarantine do not count once the cache was shrunk.
count_namespaces()
{
	local slab=/sys/kernel/slab/net_namespace count _

	[[ -w $slab/shrink ]] || { echo 0; return; }
	echo 1 >"$slab/shrink"
	read -r count _ <"$slab/objects"
	echo "$count"
}

# Some kernels free a namespace only when they clean up after the next one, so
# one more comes and goes first. It takes its time, too: the lowest count of a
# second tells.
guest_expect_namespaces()
{
	local count

	unshare -n true
	namespaces=
	for _ in {1..10}; do
		busybox sleep 0.1
		count=$(count_namespaces)
		[[ -n $namespaces ]] && ((count >= namespaces)) ||
			namespaces=$count
	done
}

# What the kernel itself keeps goes after a while: grace periods, work, timers
# of sockets. What our module keeps stays.
guest_count_namespaces()
{
	local end=$((SECONDS + 20 * JOB_PATIENCE)) tries=0 count

	ip -all netns delete
	while ((SECONDS < end)); do
		((tries++ % 50)) || unshare -n true
		busybox sleep 0.1
		count=$(count_namespaces)
		((count > namespaces)) || return 0
	done
	echo "complaint $((count - namespaces)) network namespaces outlive" \
		"all that used them" >&"$verdict"
}

# kmemleak looks at no object younger than five seconds, and believes that one
# is lost only when its contents did not change between two scans.
guest_find_leaks()
{
	local file=/sys/kernel/debug/kmemleak

	[[ -w $file ]] || return 0
	busybox sleep 6
	echo scan >"$file"
	echo scan >"$file"
	# Into the kernel's log, where every other complaint is.
	busybox head -c 4000 "$file" >"$JOB_ARTIFACTS/kmemleak"
	[[ -s $JOB_ARTIFACTS/kmemleak ]] || return 0
	while read -r line; do
		echo "kmemleak: $line" >/dev/kmsg
	done <"$JOB_ARTIFACTS/kmemleak"
	echo "complaint kmemleak: memory that nothing refers to" >&"$verdict"
}

guest_prepare()
{
	local error

	guest_mounts || guest_fail "mounts"
	guest_share || guest_fail "cannot mount $JOB_ARTIFACTS"
	echo guest >/proc/sys/kernel/hostname
	busybox ip link set lo up
	guest_expect_namespaces
	echo 8 >/proc/sys/kernel/printk
	if ((JOB_LOAD)); then
		error=$(guest_load 2>&1) ||
			guest_fail "cannot load $JOB_KO: $error"
	fi
}

# Ends what the command left running, so that nothing holds its pipes open.
guest_kill_rest()
{
	local pid

	for pid in /proc/[0-9]*; do
		pid=${pid##*/}
		[[ $pid == 1 || " $* " == *" $pid "* ]] && continue
		# Threads of the kernel have no executable.
		[[ -e /proc/$pid/exe ]] && kill -9 "$pid"
	done 2>/dev/null
}

# stdout and stderr go through pipes, as a port opens only once and a command
# may well open /dev/stderr.
guest_run()
{
	local status out err pids=()

	exec {out}> >(exec cat >"$(port_find output)")
	pids+=($!)
	exec {err}> >(exec cat >"$(port_find errors)")
	pids+=($!)
	(cd "$JOB_CWD" && exec env -i "${JOB_ENV[@]}" "${JOB_COMMAND[@]}") \
		</dev/null >&"$out" 2>&"$err" {verdict}>&- {out}>&- {err}>&-
	status=$?
	exec {out}>&- {err}>&-
	guest_kill_rest "${pids[@]}"
	wait "${pids[@]}"
	return "$status"
}

# The size is lost when the last file on the terminal is closed.
guest_run_on_terminal()
{
	local tty=/dev/hvc0 terminal status

	exec {terminal}<>"$tty"
	stty sane rows "$JOB_ROWS" cols "$JOB_COLUMNS" <&"$terminal"
	(cd "$JOB_CWD" &&
		exec env -i "${JOB_ENV[@]}" setsid -c -w "${JOB_COMMAND[@]}") \
		<>"$tty" >&0 2>&0 {verdict}>&- {terminal}>&-
	status=$?
	exec {terminal}>&-
	return "$status"
}

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
exec {verdict}>"$(port_find verdict)" || echo b >/proc/sysrq-trigger
guest_prepare
read -r seconds _ </proc/uptime
echo "ready $seconds" >&"$verdict"
if ((JOB_INTERACTIVE)); then
	guest_run_on_terminal
else
	guest_run
fi
echo "status $?" >&"$verdict"
guest_count_namespaces
if [[ -n $JOB_KO ]]; then
	guest_unload
fi
guest_find_leaks
guest_end
