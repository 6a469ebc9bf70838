#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# What has passed is left out only as long as nothing has changed, and what has
# failed never is (tests/lib/passed.sh).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

scratch
export OZPROXY_CACHE=$scratch/cache
unset OZP_FRESH
cd "$scratch" || exit 1

# Scripts that tell in "seen" what they looked at, and dislike the word bad.
write_script()
{
	cat >"$1" <<END
. $root/tests/lib/tap.sh
cd $root && . tests/lib/passed.sh && cd $scratch || exit 1
look()
{
	echo "\$*" >>seen
	! grep -q bad "\$@"
}
$2
tap_done
END
}

write_script files 'passed_needs needed; check_files "all good" look -- a b'
write_script whole 'passed_script a b; check "good" look a b; check "also" true'

# Prints what SCRIPT looked at and how it ended.
run()
{
	local status

	: >seen
	bash "$1" >output 2>&1
	status=$?
	echo "$(xargs <seen): $status"
}

echo good >a
echo good >b
echo 1 >needed
is "at first, all is looked at" "$(run ./files)" "a b: 0"
is "then nothing is" "$(run ./files)" ": 0"
like "but it is told" "$(<output)" "ok 1 - all good"
echo better >b
is "what has changed is looked at" "$(run ./files)" "b: 0"
echo bad >b
is "a failure is told" "$(run ./files)" "b: 1"
is "and is not remembered" "$(run ./files)" "b: 1"
echo good >b
is "what was good before still is" "$(run ./files)" ": 0"
is "on demand, all is done" "$(OZP_FRESH=1 run ./files)" "a b: 0"
is "another compiler is another case" "$(CC=other run ./files)" "a b: 0"
echo 2 >needed
is "so is a change of what is needed" "$(run ./files)" "a b: 0"
echo '#' >>files
is "so is one of the script" "$(run ./files)" "a b: 0"

is "a script looks for itself" "$(run ./whole)" "a b: 0"
is "and not again" "$(run ./whole)" ": 0"
is "its checks are told" "$(grep -v '^#' output | xargs)" \
	"ok 1 - good ok 2 - also 1..2"
echo bad >b
is "until something changes" "$(run ./whole)" "a b: 1"
is "a script that fails is done again" "$(run ./whole)" "a b: 1"
tap_done
