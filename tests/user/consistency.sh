#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 300
#
# What must agree: generated files with the spec, exported symbols with the
# public headers, man pages with the program and the spec. And both compilers.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../lib/deps.sh
. tests/lib/deps.sh
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. tests/lib/tap.sh

need_packages python3-yaml groff-base clang-14 mandoc pkg-config || exit 1

build()
{
	make -s -C userspace BUILD="$PWD/userspace/build/$1" \
		OZCTL="$PWD/userspace/build/$1/bin/ozctl" CC="$1" all
}

# What the public headers declare, without their comments.
declared()
{
	sed 's|/\*.*\*/||; /\/\*/,/\*\//d' userspace/lib/ozproxy*.h |
		grep -oE '\bozp_[a-z0-9_]+(\(| ?;)' | grep -oE '[a-z0-9_]+' |
		grep -v '^$' | sort -u
}

exported()
{
	nm -D --defined-only "$1" | awk '$2 ~ /[TDRB]/ { print $3 }' |
		sed 's/@.*//' | sort -u
}

symbols_agree()
{
	# Members and types end in a semicolon, too: only what is exported or a
	# function counts.
	comm -23 <(exported "$1") <(declared) | sed 's/^/exported only: /' |
		tee "$OZP_TMP/symbols"
	sed 's|/\*.*\*/||; /\/\*/,/\*\//d' userspace/lib/ozproxy*.h |
		tr '\n' ' ' | grep -oE '\bozp_[a-z0-9_]+\(' | tr -d '(' |
		sort -u | comm -23 - <(exported "$1") |
		sed 's/^/declared only: /' | tee -a "$OZP_TMP/symbols"
	[[ ! -s $OZP_TMP/symbols ]]
}

# The library by its public headers alone, linked as pkg-config says.
usable()
{
	local root=$OZP_TMP/root

	make -s -C userspace install BUILD="$PWD/userspace/build/gcc" \
		OZCTL="$PWD/userspace/build/gcc/bin/ozctl" CC=gcc \
		DESTDIR="$root" PREFIX=/usr &&
		install -D -m 0644 include/uapi/linux/ozproxy.h \
			"$root/usr/include/linux/ozproxy.h" || return 1
	cat >"$OZP_TMP/use.c" <<'END'
#include <ozproxy.h>
#include <ozproxy_attrs.h>
#include <ozproxy_device.h>
#include <ozproxy_flow.h>
#include <ozproxy_service.h>

static int nothing(const struct ozp_device *device, void *data)
{
	(void)device;
	(void)data;
	return 0;
}

int main(void)
{
	struct ozp_socket *sock;
	int err = ozp_socket_open(&sock);

	if (err)
		return 1;
	err = ozp_device_dump(sock, nothing, (void *)0);
	ozp_socket_close(sock);
	return err ? 2 : 0;
}
END
	export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR=$root
	# shellcheck disable=SC2046 # flags are words
	gcc -std=gnu11 -Wall -Wextra -Werror -o "$OZP_TMP/use" \
		"$OZP_TMP/use.c" $(pkg-config --cflags --libs libozproxy) &&
		LD_LIBRARY_PATH=$root/usr/lib "$OZP_TMP/use" || return 1
	make -s -C userspace uninstall DESTDIR="$root" PREFIX=/usr
	[[ -z $(find "$root" -name '*ozproxy*' ! -path '*/linux/ozproxy.h') ]]
}

nothing_said()
{
	local output

	output=$("$@" 2>&1)
	[[ -z $output ]] || { echo "$output"; return 1; }
}

plain()
{
	groff -man -Tascii "$1" | sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' |
		tr -s ' \n' ' '
}

# The limits and defaults of link attributes, as the spec has them.
link_limits()
{
	python3 - <<'END'
import re
import yaml

with open("include/spec/ozproxy.yaml", encoding="utf-8") as stream:
    spec = yaml.safe_load(stream)
link = next(s for s in spec["attribute-sets"] if s["name"] == "link")
for attr in link["attributes"]:
    print(attr["name"])
    if "min" in attr.get("checks", {}) and "max" in attr["checks"]:
        print(f'{attr["checks"]["min"]} to {attr["checks"]["max"]}')
    default = re.search(r"[Dd]efault\s+(\d+)\b(?![.:])", attr.get("doc", ""))
    if default and not attr["name"].endswith("prefix"):
        print(f"default {default.group(1)}")
END
}

limits_in_page()
{
	local text line status=0

	text=$(plain userspace/man/ozproxy.7 | sed 's/, \([0-9]* to\)/ \1/g')
	while read -r line; do
		[[ $text == *"$line"* ]] && continue
		echo "ozproxy.7 lacks: $line"
		status=1
	done < <(link_limits)
	return "$status"
}

# What refused packets are answered with, as the module has it.
answers()
{
	sed -nE 's/.*\[OZPROXY_DROP_REASON_([A-Z_]*)\] = OZP_ICMP_([A-Z_]*),/\1 \2/p' \
		kmod/icmp.c | while read -r reason answer; do
		reason=${reason,,}
		case $answer in
		PROHIBITED) answer="3/13 prohibited 1/1 prohibited" ;;
		UNREACHABLE) answer="3/1 host unreachable 1/3 address unreachable" ;;
		NO_ROUTE) answer="3/0 net unreachable 1/0 no route" ;;
		TOO_BIG) answer="3/4 fragmentation needed 2/0 packet too big" ;;
		esac
		echo "${reason//_/-} $answer"
	done | sort
}

answers_in_page()
{
	answers >"$OZP_TMP/answers"
	[[ -s $OZP_TMP/answers ]] &&
		sed 's/\\-/-/g' userspace/man/ozproxy.7 | tr -s ' ' |
		grep -E '^[a-z-]+ [0-9]/[0-9]+ ' | sort |
		diff "$OZP_TMP/answers" -
}

# Every object, verb and option that the help names is in the page.
help_in_page()
{
	local text word status=0 object
	local ozctl=userspace/build/gcc/bin/ozctl

	text=$(plain userspace/man/ozctl.8)
	for object in device service flow miss stats monitor; do
		for word in "$object" $("$ozctl" "$object" help |
			sed -n '/^Options/q; /^  ozctl/,/^      [A-Z]/p' |
			grep -v '^      [A-Z]' |
			grep -oE '[a-z][a-z0-9-]+'); do
			[[ $text == *"$word"* ]] && continue
			echo "ozctl.8 lacks: $word"
			status=1
		done
	done
	return "$status"
}

# Every option of the helper, with its default, is in the page of its settings.
helper_options_in_page()
{
	local name default status=0 line
	local ozproxyd=userspace/build/gcc/bin/ozproxyd

	while read -r name default; do
		line=$(sed 's/\\-/-/g' userspace/man/ozproxyd.conf.5 |
			grep -E "^\.(BR?) (.*\", \" )?$name\b" | head -n 1)
		[[ -n $line && $line == *"($default)"* ]] && continue
		[[ -n $line && -z $default ]] && continue
		echo "ozproxyd.conf(5) has '$line' for $name ($default)"
		status=1
	done < <("$ozproxyd" --help | awk '
		/^  --/ { tell(); name = substr($1, 3); text = "" }
		/^      / { text = $0 }
		function tell() {
			if (!name)
				return
			if (match(text, /\([^ ()]*\)$/))
				text = substr(text, RSTART + 1, RLENGTH - 2)
			else
				text = ""
			print name, text
		}
		END { tell() }')
	return "$status"
}

check "generated files are current" userspace/lib/gen-attrs.py --check
check "builds with gcc" build gcc
check "builds with clang" build clang-14
check "the shared library exports what its headers declare" \
	symbols_agree userspace/build/gcc/libozproxy.so.0
check "the installed library is usable, and goes away" usable
for page in userspace/man/*.[0-9]; do
	check "$page is well-formed" nothing_said groff -man -Tutf8 -ww -z "$page"
	check "$page is well-formed for mandoc" nothing_said \
		mandoc -T lint -W warning "$page"
done
check "limits and defaults in ozproxy(7) are those of the spec" limits_in_page
check "answers to refused packets in ozproxy(7) are those of the module" \
	answers_in_page
check "what the help names is in ozctl(8)" help_in_page
check "the helper's options are in ozproxyd.conf(5)" helper_options_in_page
tap_done
