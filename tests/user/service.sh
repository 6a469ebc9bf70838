#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What surrounds ozproxyd on a worker: its systemd unit is valid and gives it
# little, its user can be made, and the shell completes what the help tells.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../lib/deps.sh
. tests/lib/deps.sh
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. tests/lib/tap.sh

need_packages_for build && need_packages systemd || exit 1

root=$OZP_TMP/root
ozctl=userspace/build/gcc/bin/ozctl
ozproxyd=${ozctl%/*}/ozproxyd
unit=$root/usr/lib/systemd/system/ozproxyd.service

# As installed, in a tree of its own. systemd's own units stand beside it.
install_all()
{
	make -s -C userspace install BUILD="$PWD/userspace/build/gcc" \
		OZCTL="$PWD/$ozctl" CC=gcc DESTDIR="$root" PREFIX=/usr
}

# Pages are looked for in the system, where they are not.
unit_is_valid()
{
	local words

	mkdir -p "$root/etc" "$root/lib"
	cp -r /usr/lib/systemd/system/. "$root/usr/lib/systemd/system/" &&
		ln -sfn ../usr/lib/systemd "$root/lib/systemd" || return 1
	# The program is looked for in the system, where it is not.
	sed -i "s|=/usr/bin/ozproxyd|=$root/usr/bin/ozproxyd|" "$unit"
	words=$(systemd-analyze verify --man=no "$unit" 2>&1 |
		grep 'ozproxyd\.service')
	[[ -z $words ]] || { echo "$words"; return 1; }
}

# Of ten; the threshold is in tenths.
exposure()
{
	systemd-analyze security --offline=true --threshold=30 "$unit"
}

user_can_be_made()
{
	mkdir -p "$OZP_TMP/users/etc" &&
		systemd-sysusers --root="$OZP_TMP/users" \
			"$root/usr/lib/sysusers.d/ozproxyd.conf" &&
		grep '^ozproxyd:' "$OZP_TMP/users/etc/passwd" &&
		grep '^ozproxyd:' "$OZP_TMP/users/etc/group"
}

# options: a line each, "NAME DEFAULT; MIN to MAX", as far as the help has these.
options()
{
	"$ozproxyd" --help |
		sed -nE 's/^  --([a-z-]+) [^ ]+( \((.*)\))?$/\1 \3/p'
}

# Each is in the manual, with what the help says of its default and its limits.
manual_agrees()
{
	local name rest count=0 page=userspace/man/ozproxyd.conf.5

	while read -r name rest; do
		name=${name//-/\\-}
		rest=${rest:+ \" (${rest//-/\\-})\"}
		count=$((count + 1))
		sed -n '/^\.BR\? /{s///;s/ ", " /\n/g;p}' "$page" |
			grep -qxF -- "$name$rest" && continue
		echo "ozproxyd.conf(5) does not say: $name$rest"
		return 1
	done < <(options)
	((count > 20))
}

# Each is in the sample, with its default if it has one.
sample_agrees()
{
	local name value count=0 sample=userspace/conf/ozproxyd.conf

	while read -r name value; do
		value=${value%%;*}
		count=$((count + 1))
		grep -qE -- "^#$name = ${value:-.+}\$" "$sample" && continue
		echo "the sample does not say: $name = $value"
		return 1
	done < <(options)
	((count > 20))
}

# complete WORD… : what a press of the tab key offers for the last one.
complete_words()
{
	local program=$1

	(
		PATH=$PWD/${ozctl%/*}:$PATH
		# shellcheck disable=SC1090,SC2034 # found by name; bash's own
		{
			. "userspace/completion/$program"
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		}
		"_$program" 2>&1
		echo "${COMPREPLY[*]}"
	)
}

check "it is installed" install_all || tap_done
check "the unit is valid" unit_is_valid
check "its exposure is below 3" exposure
check "its user can be made" user_can_be_made
check "the manual agrees with the program" manual_agrees
check "so does the sample" sample_agrees
for object in device service flow miss stats monitor; do
	like "ozctl completes $object" " $(complete_words ozctl "") " " $object "
done
is "a verb" "$(complete_words ozctl device s)" "set show"
is "a verb after -j" "$(complete_words ozctl -j service l)" load
is "an option" "$(complete_words ozctl device add oz0 dscp)" \
	"dscp-mode dscp"
is "the values of an option" "$(complete_words ozctl device add oz0 \
	source-port "")" "flow own"
is "a policy" "$(complete_words ozctl service set j address 10.30.1.30 \
	policy c)" closest
is "a word of a filter" "$(complete_words ozctl flow show fr)" from
is "nothing for a number" "$(complete_words ozctl device add oz0 port "" |
	grep -w flow)" ""
is "options of ozproxyd" "$(complete_words ozproxyd --query-)" \
	"--query-rate --query-retry --query-timeout"
is "the choices of one" "$(complete_words ozproxyd --log-level w)" warning
is "nothing for a number of its" "$(complete_words ozproxyd --port "")" ""
tap_done
