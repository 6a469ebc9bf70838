# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# TAP for test scripts. Source it first, end the script with tap_done: a
# script that ends in another way has failed.
#
#   tap_plan N                   optional: fails unless N checks ran
#   check NAME CMD…              ok when CMD succeeds; its output is shown when not
#   refuse NAME CMD…             ok when CMD fails (but not by a signal)
#   is NAME GOT WANT             ok when equal
#   like NAME GOT REGEX          ok when GOT matches the extended REGEX
#   skip NAME REASON             a check that cannot run
#   skip_all REASON              nothing of this script can run; exit 4, but a
#                                failure in an emulated machine
#   need TOOL…                   skip_all when a program is missing
#   diag TEXT…                   a comment
#   tap_done                     the end: invariants, plan, exit status 0 or 1
# Hooks, each run in the order in which they were given
#   at_exit CMD…                 however the script ends
#   at_done CMD…                 first thing of tap_done: may check and compare
#   at_failure CMD…              once, after the first check that failed
#
# $ozp_count and $ozp_failed tell how many checks ran and failed so far.
# $OZP_TMP is a directory of the run's own, removed at the end. What should
# outlive it goes to $OZP_ARTIFACTS, which tests/qemu/run sets.

OZP_TMP=$(mktemp -d) || exit 1
: "${OZP_ARTIFACTS:=$OZP_TMP}"

ozp_count=0 ozp_failed=0 tap_planned='' tap_is_done=0
tap_names=()		# of checks that passed
tap_at_exit=() tap_at_done=() tap_at_failure=()

at_exit()
{
	tap_at_exit+=("$(printf '%q ' "$@")")
}

at_done()
{
	tap_at_done+=("$(printf '%q ' "$@")")
}

at_failure()
{
	tap_at_failure+=("$(printf '%q ' "$@")")
}

tap_run_hooks()
{
	local hook

	for hook; do
		eval "$hook"
	done
}

diag()
{
	printf '# %s\n' "${*//$'\n'/$'\n# '}"
}

tap_plan()
{
	tap_planned=$1
}

tap_ok()
{
	ozp_count=$((ozp_count + 1))
	tap_names+=("$1")
	echo "ok $ozp_count - $1"
}

tap_not_ok()
{
	ozp_count=$((ozp_count + 1))
	ozp_failed=$((ozp_failed + 1))
	echo "not ok $ozp_count - $1"
	[[ -z ${2:-} ]] || diag "$2"
	if ((ozp_failed == 1)); then
		tap_run_hooks "${tap_at_failure[@]}"
	fi
}

# In this shell, not in a subshell: CMD may be a function that makes things.
check()
{
	local name=$1 status

	shift
	"$@" >"$OZP_TMP/output" 2>&1
	status=$?
	if ((status == 0)); then
		tap_ok "$name"
	else
		tap_not_ok "$name" "status $status of: $*"$'\n'"$(<"$OZP_TMP/output")"
	fi
	return "$status"
}

refuse()
{
	local name=$1 status

	shift
	"$@" >"$OZP_TMP/output" 2>&1
	status=$?
	# Not found, not executable and ended by a signal are no refusal.
	if ((status && (status < 126 || status > 192))); then
		tap_ok "$name"
		return 0
	fi
	tap_not_ok "$name" "status $status of: $*"$'\n'"$(<"$OZP_TMP/output")"
	return 1
}

is()
{
	if [[ $2 == "$3" ]]; then
		tap_ok "$1"
		return 0
	fi
	tap_not_ok "$1" "got:  $2"$'\n'"want: $3"
	return 1
}

like()
{
	if [[ $2 =~ $3 ]]; then
		tap_ok "$1"
		return 0
	fi
	tap_not_ok "$1" "got:   $2"$'\n'"match: $3"
	return 1
}

skip()
{
	ozp_count=$((ozp_count + 1))
	echo "ok $ozp_count - $1 # SKIP $2"
}

# Kernel and tools of an emulated machine are ours: nothing may be missing there.
skip_all()
{
	[[ -z ${OZP_GUEST:-} ]] || { echo "Bail out! $*"; tap_is_done=1; exit 1; }
	echo "1..0 # SKIP $*"
	tap_is_done=1
	exit 4
}

need()
{
	local tool

	((EUID == 0)) || skip_all "needs root"
	for tool; do
		command -v "$tool" >/dev/null || skip_all "needs $tool"
	done
}

tap_done()
{
	tap_run_hooks "${tap_at_done[@]}"
	tap_is_done=1
	if [[ -n $tap_planned ]] && ((tap_planned != ozp_count)); then
		diag "planned $tap_planned checks, ran $ozp_count"
		ozp_failed=$((ozp_failed + 1))
	fi
	if ((ozp_count == 0)); then
		diag "no check ran"
		ozp_failed=1
	fi
	echo "1..$ozp_count"
	((ozp_failed == 0)) || exit 1
	exit 0
}

tap_cleanup()
{
	local status=$?

	trap '' INT TERM HUP
	tap_run_hooks "${tap_at_exit[@]}"
	rm -rf "$OZP_TMP"
	if ((!tap_is_done)); then
		echo "Bail out! the script ended early (status $status)"
		exit 1
	fi
	exit "$status"
}

trap tap_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
