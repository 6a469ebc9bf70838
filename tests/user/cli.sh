#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 120
#
# ozctl as it is called: what wrong usage gets said, and the exit status. Needs
# no module: it runs in an empty network namespace.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. tests/lib/tap.sh

build=$PWD/userspace/build/cli
if ! make -s -C userspace BUILD="$build" OZCTL="$build/bin/ozctl" all; then
	echo "Bail out! ozctl does not build"
	exit 1
fi

# A namespace of our own, by root or by whoever may have user namespaces.
alone=(unshare -n)
"${alone[@]}" true 2>/dev/null || alone=(unshare -rn)
"${alone[@]}" true 2>/dev/null || skip_all "no network namespaces here"

ozctl()
{
	"${alone[@]}" timeout 10 "$build/bin/ozctl" "$@"
}

# says STATUS TEXT ARG…: the exit status, TEXT in the one line on stderr, and
# nothing on stdout.
says()
{
	local want=$1 text=$2 output status
	shift 2

	output=$(ozctl "$@" 2>&1 >"$OZP_TMP/stdout")
	status=$?
	echo "status $status: $output"
	[[ $status == "$want" && $output == "ozctl: "*"$text"* &&
		$output != *$'\n'* && ! -s $OZP_TMP/stdout ]]
}

wrong()
{
	local text=$1
	shift
	check "usage: ozctl $*" says 2 "$text" "$@"
}

prints()
{
	local text=$1 output
	shift

	output=$(ozctl "$@" 2>"$OZP_TMP/stderr") || return 1
	echo "$output"
	[[ $output == *"$text"* && ! -s $OZP_TMP/stderr ]]
}

version=$(<include/VERSION)
check "-V" prints "ozctl $version" -V
check "--version" prints "ozctl $version" --version
check "help" prints "device  " help
check "--help" prints "device  " --help
for object in device service flow miss stats monitor; do
	check "$object help" prints "ozctl $object" "$object" help
	check "$object --help" prints "ozctl $object" "$object" --help
done

wrong "say what to work on"
wrong "no option '-x'" -x device show
wrong "no object 'frob'" frob
wrong "say what to do" device
wrong "there is no 'frob'" device frob
wrong "say which" device add
wrong "say which" device del
wrong "say which" device up
wrong "'port' needs a value" device add oz0 port
wrong "'x' is not a number" device add oz0 port x
wrong "at most 65535" device add oz0 port 65536
wrong "at most 4294967295" device add oz0 flow-limit 4294967296
wrong "'-1' is not a number" device add oz0 miss-limit -1
wrong "no option 'colour'" device add oz0 colour red
wrong "not an IPv4 network" device add oz0 service-ipv4 10.30.0.0
wrong "not an IPv4 network" device add oz0 service-ipv4 fdff::/16
wrong "not an IPv6 network" device add oz0 service-ipv6 fdff::/129
wrong "no admission 'all'" device add oz0 admission all
wrong "'nobody' is not an address" device add oz0 local 131.1.0.1,nobody
wrong "say what to change" device set oz0
wrong "'dev' needs the name" service show dev
wrong "job name is missing" service set
wrong "job name is missing" service set dev oz0
wrong "at most 123 characters" service set "$(printf 'n%.0s' {1..124})"
wrong "'frob' is not expected" service set job frob
wrong "'address' needs" service set job address
wrong "'address' needs" service set job address 10.30.0
wrong "needs 'policy rr'" service set job address 10.30.0.1
wrong "needs 'policy rr'" service set job address 10.30.0.1 policy nearest
wrong "'instance' needs a number" service set job instance
wrong "needs 'ns ADDRESS" service set job instance 0
wrong "needs 'node ADDRESS'" service set job instance 0 ns 10.19.1.3
wrong "needs 'port N'" service set job instance 0 ns 10.19.1.3 node 131.1.0.1
wrong "ADDRESS,ADDRESS6" service set job instance 0 ns 10.19.1.3,10.19.1.4
wrong "at most 65535" service set job instance 0 ns 10.19.1.3 \
	node 131.1.0.1 port 50103 weight 65536
wrong "'generation' needs a number" service clear job generation
wrong "'used' is not a number" service clear job used used
wrong "is not expected here" service del job job
wrong "say which file" service load
wrong "icmp or icmpv6" flow show protocol sctp
wrong "'from' needs" flow show from 10.19.1.3:65536
wrong "'to' needs" flow flush to
wrong "is not an address" miss show 10.30.1.30:80
wrong "say which address" miss resolve
wrong "is not an address" miss resolve nobody
wrong "'lifetime' needs a number" miss resolve 10.30.1.30 lifetime
wrong "'-1' is not a number" miss resolve 10.30.1.30 lifetime -1
wrong "at most 4294967295" miss resolve 10.30.1.30 lifetime 4294967296
wrong "is not expected here" miss resolve 10.30.1.30 10.30.1.31
wrong "is not expected here" stats show --frob
wrong "is not expected here" monitor frob

check "without a device the first to make is named" \
	says 1 "'ozctl device add oz0' makes one" service show
check "a device that is not there" says 1 "nosuch is not the name" \
	service show dev nosuch
check "a device of another kind" says 1 "lo is not an ozproxy device" \
	stats show dev lo
is "no device, in JSON" "$(ozctl -j device show)" "[]"
is "no device, in text" "$(ozctl device show)" ""

# Before anything is asked of the kernel.
load()
{
	local text=$1 want=$2
	printf '%s' "$text" >"$OZP_TMP/file"
	says 1 "$want" service load "$OZP_TMP/file"
}
check "load: an unknown address" load \
	'{"app_name": "", "instance_list": [], "query_key": "10.30.9.9"}' \
	"nothing to load: the answer to '10.30.9.9' has no job"
check "load: an unknown job" load \
	'{"app_name": "a.b.c.d", "instance_list": [], "query_key": "a.b.c.d"}' \
	"nothing to load: the answer to 'a.b.c.d' has no instance"
check "load: no JSON" load 'app_name' "line 1, column"
check "load: nothing" load '' "line 1, column"
check "load: an empty array" load '[]' "there is no result in it"
check "load: something else" load '{}' "not a table-query result"
check "load: no terminal obeys what a file has" load \
	"$(printf '{"app_name": "", "query_key": "\\u001b[31m"}')" "'?[31m'"
check "load: no such file" says 1 "cannot be read" service load /nonexistent
check "load: a directory" says 1 "cannot be read" service load /

ends_with_1()
{
	ozctl "$@" >/dev/full
	[[ $? == 1 ]]
}
check "output that cannot be written is an error" ends_with_1 help
tap_done
