# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# What has passed is not done again while nothing has changed. For checks alone
# whose outcome follows from files: what runs in a kernel, listens or waits is
# always done. Source it after tap.sh, and call one of these before any check:
#
#   passed_needs FILE…           all checks of the script depend on these, besides
#                                itself, what it sources of its own folder and of
#                                tests/lib, and the packages of the system
#   passed_script FILE…          the same, and the script depends on nothing else:
#                                where all of it has passed, it says so and ends
#
# and then
#
#   check_files NAME CMD… -- FILE…
#                                one check of CMD FILE…, where CMD looks at each
#                                FILE by itself: those that passed are left out
#
# What passed is remembered in the cache, for two weeks. With OZP_FRESH set,
# everything is done.

passed_dir=${OZPROXY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ozproxy}/passed
passed_list=
declare -A passed_lines=() passed_sums=()

passed_needs()
{
	local sum line

	mkdir -p "$passed_dir" || exit 1
	find "$passed_dir" -type f -mtime +14 -delete
	sum=$({
		cat -- "$0" "${0%/*}"/lib*.sh tests/lib/*.sh 2>/dev/null
		sha256sum -- "$@" /var/lib/dpkg/status
		echo "${CC:-} ${CPPFLAGS:-} ${CFLAGS:-} ${LDFLAGS:-}"
	} | sha256sum)
	passed_list=$passed_dir/$(basename "$0" .sh)-${sum%% *}
	[[ -z ${OZP_FRESH:-} ]] || rm -f "$passed_list"
	touch "$passed_list" || exit 1
	while IFS= read -r line; do
		passed_lines[$line]=1
	done <"$passed_list"
}

passed_script()
{
	local line

	passed_needs "$@"
	if [[ -z ${passed_lines[all]:-} ]]; then
		at_exit passed_all
		return
	fi
	while IFS= read -r line; do
		[[ $line == all ]] || tap_ok "$line"
	done <"$passed_list"
	tap_done
}

# shellcheck disable=SC2317 # called at the end
passed_all()
{
	# shellcheck disable=SC2154 # of tap.sh
	# Not what was skipped, and not what came to no end.
	if ((tap_is_done && !ozp_failed && ozp_count == ${#tap_names[@]})); then
		printf '%s\n' "${tap_names[@]}" all >"$passed_list"
	fi
}

check_files()
{
	local name=$1 command=() file line lines=() left=()

	shift
	while [[ $1 != -- ]]; do
		command+=("$1")
		shift
	done
	shift
	for file; do
		[[ -n ${passed_sums[$file]:-} ]] ||
			passed_sums[$file]=$(sha256sum -- "$file")
		line="${command[*]}: ${passed_sums[$file]}"
		[[ -z ${passed_lines[$line]:-} ]] || continue
		left+=("$file")
		lines+=("$line")
	done
	if ((${#left[@]} == 0)); then
		tap_ok "$name"
	elif check "$name" "${command[@]}" "${left[@]}"; then
		printf '%s\n' "${lines[@]}" >>"$passed_list"
	fi
}
