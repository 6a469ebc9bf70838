#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Proves that tests/qemu/run cannot lie: a command's status comes back, and
# whatever the kernel complains about fails the run. Needs no ozproxy.ko.
#
#   tests/qemu/selftest.sh [KERNEL…]   6.12 and debug when none is named, and
#                                      what needs no kernel

# shellcheck disable=SC2016 # the guest expands what is in single quotes
set -u
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$here/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=kernel.sh
. "$here/kernel.sh"

# guest ARG…: runs it, leaves $status, and its output in $OZP_TMP/{out,err}
guest()
{
	"$here/run" --kernel "$kernel" --smp 1 --artifacts "$OZP_TMP/shared" \
		"$@" >"$OZP_TMP/out" 2>"$OZP_TMP/err" <&-
	status=$?
}

# ends NAME STATUS [REGEX]: how the last guest ended, and what it said why
ends()
{
	is "$kernel: $1" "$status" "$2" || diag "$(<"$OZP_TMP/err")"
	[[ -z ${3:-} ]] || like "$kernel: $1: says why" "$(<"$OZP_TMP/err")" "$3"
}

# A module of our own, to load, unload, warn and leak with.
make_module()
{
	mkdir -p "$OZP_TMP/mod"
	cat >"$OZP_TMP/mod/selftest.c" <<-'END'
		// SPDX-License-Identifier: GPL-2.0
		#include <linux/delay.h>
		#include <linux/jiffies.h>
		#include <linux/kthread.h>
		#include <linux/module.h>
		#include <linux/nsproxy.h>
		#include <linux/sched.h>
		#include <linux/slab.h>
		#include <net/net_namespace.h>
		#include <net/udp_tunnel.h>
		static bool leak, leak_net, leak_memory, late, race, warn;
		static int shared;
		module_param(leak, bool, 0);
		module_param(leak_net, bool, 0);
		module_param(leak_memory, bool, 0);
		module_param(late, bool, 0);
		module_param(race, bool, 0);
		module_param(warn, bool, 0);
		static int __init touch_late(void)
		{
			char *p = kmalloc(32, GFP_KERNEL);
			kfree(p);
			return READ_ONCE(p[1]);
		}
		static noinline int count_unlocked(void *unused)
		{
			unsigned long end = jiffies + 5 * HZ;

			while (time_before(jiffies, end)) {
				shared++;
				barrier();
				cond_resched();
			}
			return 0;
		}
		static int __init run_race(void)
		{
			struct task_struct *other;

			other = kthread_create(count_unlocked, NULL, "other");
			if (IS_ERR(other))
				return PTR_ERR(other);
			get_task_struct(other);
			wake_up_process(other);
			count_unlocked(NULL);
			kthread_stop(other);
			put_task_struct(other);
			return 0;
		}
		static int __init selftest_init(void)
		{
			if (race && run_race())
				return -ENOMEM;
			pr_info("needs %p\n", setup_udp_tunnel_sock);
			if (leak)
				__module_get(THIS_MODULE);
			WARN_ON(warn);
			if (leak_net)
				get_net(current->nsproxy->net_ns);
			if (leak_memory && !kmalloc(100, GFP_KERNEL))
				return -ENOMEM;
			if (late)
				pr_info("read %d\n", touch_late());
			return 0;
		}
		static void __exit selftest_exit(void)
		{
		}
		module_init(selftest_init);
		module_exit(selftest_exit);
		MODULE_DESCRIPTION("harness self-test");
		MODULE_LICENSE("GPL");
	END
	echo 'obj-m := selftest.o' >"$OZP_TMP/mod/Kbuild"
	kernel_resolve "$kernel" && need_packages_for build &&
		make -s -C "$KERNEL_BUILD" M="$OZP_TMP/mod" clean modules
}

# A boot takes longer than most that can be asked of it, so one answers for much.
the_command_is_heard()
{
	local said

	guest --no-module --smp 3 --mem 1024 -- sh -c '
		uname -r; echo oops >&2; cat; pwd; nproc
		awk "/MemTotal/ { print (\$2 > 800000 && \$2 < 1048576) }" \
			/proc/meminfo
		echo "$OZP_KERNEL" >"$OZP_ARTIFACTS/kernel"
		sha256sum /usr/bin/gojq "$OZP_ROOT/tests/lib/"* \
			>"$OZP_ARTIFACTS/sums"
		head -c 3000000 /dev/zero; sleep 1000 & exit 7'
	ends "status 7 comes back, and a process left behind is no matter" 7
	said=$(head -n 4 "$OZP_TMP/out")
	is "$kernel: stdout comes back, stdin is empty" \
		"$(head -n 2 <<<"$said")" "$KERNEL_VERSION"$'\n'"$PWD"
	is "$kernel: processors and memory as asked" \
		"$(tail -n 2 <<<"$said" | xargs)" "3 1"
	is "$kernel: every byte of the output" "$(wc -c <"$OZP_TMP/out")" \
		$((3000000 + ${#said} + 1))
	like "$kernel: stderr comes back" "$(<"$OZP_TMP/err")" "oops"
	is "$kernel: files come back" "$(<"$OZP_TMP/shared/kernel")" "$kernel"
	check "$kernel: what it has in memory is what the host has" \
		sha256sum --quiet -c "$OZP_TMP/shared/sums"
}

complaints_are_heard()
{
	guest --no-module -- sh -c 'echo c >/proc/sysrq-trigger'
	ends "a panic" 99 'panic'
	guest --module "$OZP_TMP/mod/selftest.ko" -- \
		sh -c 'rmmod selftest; insmod "$OZPROXY_KO" warn=1; sleep 1000'
	ends "a WARN of a module" 99 'kernel: .*WARNING: .*selftest_init'
	guest --no-module --timeout 8 -- sleep 1000
	ends "a command without end" 124 'no end after 8 s'
}

# leaks_are_heard [ARG…]: more for the module to lose
leaks_are_heard()
{
	local insert='ip netns add x && ip netns exec x insmod "$OZPROXY_KO"'

	OZP_TEST_PATIENCE=1 guest --module "$OZP_TMP/mod/selftest.ko" -- \
		sh -c "rmmod selftest; $insert leak=1 leak_net=1 $*
			echo 'WARNING: CPU: 0 PID: 1 at x.c:1' >/dev/kmsg"
	ends "a warning in the log" 99 'kernel: .*WARNING: CPU: 0'
	like "$kernel: a network namespace that is never released" \
		"$(<"$OZP_TMP/err")" 'guest: [1-9] network namespaces outlive'
	like "$kernel: a leaked module reference" "$(<"$OZP_TMP/err")" \
		'guest: rmmod'
}

sanitizers_are_heard()
{
	guest --module "$OZP_TMP/mod/selftest.ko" -- \
		sh -c 'rmmod selftest; insmod "$OZPROXY_KO" late=1'
	ends "a use after free" 99 'KASAN: '
	leaks_are_heard leak_memory=1
	like "$kernel: lost memory" "$(<"$OZP_TMP/err")" \
		'guest: kmemleak: memory'
}

races_are_heard()
{
	guest --smp 2 --module "$OZP_TMP/mod/selftest.ko" -- \
		sh -c 'rmmod selftest; insmod "$OZPROXY_KO" race=1'
	ends "a data race of a module" 99 \
		'KCSAN: data-race in count_unlocked .*\[selftest\]'
}

modules_load()
{
	guest --module "$OZP_TMP/mod/selftest.ko" -- \
		sh -c 'lsmod; rmmod selftest && insmod "$OZPROXY_KO"'
	ends "a module is loaded, unloaded, loaded" 0
	like "$kernel: with what it needs" "$(<"$OZP_TMP/out")" \
		'udp_tunnel .* selftest'
	echo nonsense >"$OZP_TMP/mod/selftest.ko"
	guest --module "$OZP_TMP/mod/selftest.ko" -- true
	ends "a module that does not load" 125 'cannot load'
}

clocks_count()
{
	guest --no-module --icount -- nproc
	ends "a clock that counts, and status 0 comes back" 0
	is "$kernel: and one processor" "$(<"$OZP_TMP/out")" 1
}

namespaces_work()
{
	guest --no-module -- "$here/selftest-guest.sh"
	ends "namespaces, captures and a FOU tunnel" 0
	((status == 0)) || diag "$(<"$OZP_TMP/out")"
}

bad_usage()
{
	local arguments kernel=none

	for arguments in "" "--smp x -- true" "--kernel 5.4 -- true" \
		"--nonsense" "--mem" "--interactive" "--module /nowhere -- true"; do
		# shellcheck disable=SC2086 # words
		"$here/run" $arguments >"$OZP_TMP/out" 2>"$OZP_TMP/err" <&-
		status=$?
		ends "run $arguments" 125 .
	done
}

# What is paused for is the passing of time itself.
pause()
{
	read -r -t "$1" -u "$never"
	return 0
}

# A file that fails at first, or always; stopped while it runs, or not.
fails()
{
	local file=$OZP_TMP/once.sh pid

	cat >"$file" <<-END
		#!/bin/bash
		echo "1..1"
		[[ "$1" != always && -e $OZP_TMP/once ]] &&
			{ echo "ok 1 - again"; exit 0; }
		touch "$OZP_TMP/once"
		[[ "$1" != stopped ]] || sleep 2
		echo "not ok 1 - at first"
		exit 1
	END
	chmod +x "$file"
	rm -f "$OZP_TMP/once"
	OZP_GUEST=$2 OZPROXY_KO="" setsid "$here/../run-files" "$file" >"$OZP_TMP/out" 2>&1 &
	pid=$!
	if [[ $1 == stopped ]]; then
		until [[ -e $OZP_TMP/once ]]; do
			pause 0.1
		done
		kill -STOP -- -"$pid"
		pause 12
		kill -CONT -- -"$pid"
	fi
	wait "$pid"
	status=$?
	counts "$1" "$3" "$4"
}

# counts NAME TALLY FAILURES: what becomes of what run-files said
counts()
{
	rm -f "$OZP_TMP/tally"
	awk -v results="$OZP_TMP/tally" -f "$here/../tap.awk" \
		<"$OZP_TMP/out" >"$OZP_TMP/shown"
	is "$1: the tally" "$status $(cut -f 2- "$OZP_TMP/tally" | xargs)" "$2"
	is "$1: failures shown" "$(grep -c '^not ok' "$OZP_TMP/shown")" "$3"
}

# What is not named is found all the same, but slowly: nobody would notice.
programs_are_resident()
{
	local named path

	named=$(PATH=/usr/sbin:/usr/bin python3 -SEB "$here/resident.py" \
		"$(command -v tcpdump)")
	for path in /usr/bin/gojq "$(realpath /bin/bash)" /lib64 \
		"$(realpath /lib/x86_64-linux-gnu/libc.so.6)" \
		"$(realpath /lib/x86_64-linux-gnu/libpcap.so.0.8)" \
		"$(/usr/bin/python3 -c 'import json; print(json.__file__)')"; do
		check "a guest has $path in memory" grep -qxF "$path" \
			<<<"$named"
	done
}

no_time_is_left()
{
	OZP_TEST_WITHIN=0 "$here/../run-files" "$OZP_TMP/once.sh" \
		>"$OZP_TMP/out" 2>&1
	status=$?
	counts "no time is left" "1 0 1 0 ended" 1
}

exec {never}<> <(:)
if (($# == 0)); then
	bad_usage
	programs_are_resident
	fails "on the host" "" "1 0 1 0 ended" 1
	fails stopped "" "0 1 0 0 again" 0
	fails "in a guest" 1 "0 1 0 0 again" 0
	fails always 1 "1 0 1 0 ended" 1
	no_time_is_left
	set -- 6.12 debug
fi
for kernel; do
	check "$kernel: a module is built" make_module || continue
	case $kernel in
	debug) sanitizers_are_heard; continue ;;
	kcsan) races_are_heard; continue ;;
	esac
	the_command_is_heard
	complaints_are_heard
	leaks_are_heard
	modules_load
	clocks_count
	namespaces_work
done
tap_done
