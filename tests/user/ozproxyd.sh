#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 120
#
# ozproxyd with what surrounds it: signals, its socket, its files. It runs in an
# empty network namespace, without the module and without a broker.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. tests/lib/tap.sh

build=$PWD/userspace/build/cli
if ! make -s -C userspace BUILD="$build" OZCTL="$build/bin/ozctl" all; then
	echo "Bail out! ozproxyd does not build"
	exit 1
fi
ozctl=$build/bin/ozctl
alone=(unshare -n)
"${alone[@]}" true 2>/dev/null || alone=(unshare -rn)
"${alone[@]}" true 2>/dev/null || skip_all "no network namespaces here"

state=$OZP_TMP/state socket=$OZP_TMP/socket log=$OZP_TMP/log pid=''

# start ARG…: in the background; its words go to $log
start()
{
	: >"$log"
	: >"$OZP_TMP/config"
	"${alone[@]}" "$build/bin/ozproxyd" --config "$OZP_TMP/config" \
		--state-dir "$state" --status-socket "$socket" "$@" \
		>"$log" 2>&1 </dev/null &
	pid=$!
}

stop()
{
	kill "$pid" && wait "$pid"
	pid=''
}

end()
{
	[[ -z $pid ]] || kill -9 "$pid"
}
at_exit end

# until_true CMD…: asks again and again, for ten seconds
until_true()
{
	local until=$((SECONDS + 10))

	until "$@" >"$OZP_TMP/asked" 2>&1; do
		((SECONDS < until)) || return 1
		read -r -t 0.02 <>"$OZP_TMP/never"
	done
	return 0
}
mkfifo "$OZP_TMP/never"

answers()
{
	"$build/bin/ozproxyd" --status --status-socket "$socket"
}

said()
{
	grep -q -- "$1" "$log"
}

# The table is a pipe: who opens it for writing knows that it is being read.
hangup()
{
	local fd

	mkfifo "$OZP_TMP/table"
	start --table "$OZP_TMP/table"
	exec {fd}>"$OZP_TMP/table"
	kill -HUP "$pid"
	echo '[]' >&"$fd"
	exec {fd}>&-
	check "a hangup before it is ready is none" until_true answers
	rm "$OZP_TMP/table"
	echo '[]' >"$OZP_TMP/table"
	kill -HUP "$pid"
	check "and after that the table is read again" until_true reads_are 2
	like "without a broker there is nobody to ask for a job" \
		"$("$ozctl" local add shop socket "$socket" 2>&1)" 'no broker'
	check "it ends when it is told to" stop
	rm "$OZP_TMP/table"
}

reads_are()
{
	(($(grep -c 'table: 0 services' "$log") == $1))
}

somebody_elses()
{
	echo precious >"$socket"
	start --broker 127.0.0.1:1 --node-id n
	check "a file where its socket is to be: it says so" until_true said \
		'socket.*nobody can ask'
	check "and ends as usual" stop
	is "the file is what it was" "$(<"$socket")" precious
	rm "$socket"
	# As one that was killed leaves it.
	start --broker 127.0.0.1:1 --node-id n
	until_true answers
	kill -9 "$pid"
	wait "$pid" 2>"$OZP_TMP/killed"
	check "a socket that was left is there" test -S "$socket"
	start --broker 127.0.0.1:1 --node-id n
	check "and in nobody's way" until_true answers
}

# refused NAME REGEX ARG…: a second one ends, and the first one answers still
refused()
{
	local name=$1 regex=$2 words
	shift 2

	words=$("${alone[@]}" timeout 20 "$build/bin/ozproxyd" \
		--config "$OZP_TMP/config" --broker 127.0.0.1:1 --node-id n \
		"$@" 2>&1)
	is "$name: exit status" "$?" 1
	like "$name: what is said" "$words" "$regex"
	check "$name: the first one still answers" answers
}

# With the one that still runs.
two_at_a_time()
{
	refused "two with one socket" "$socket: another ozproxyd" \
		--state-dir "$OZP_TMP/other" --status-socket "$socket"
	refused "two with the same files" "$state: another ozproxyd" \
		--state-dir "$state" --status-socket "$OZP_TMP/other.socket"
}

# With the one that still runs.
declared()
{
	local words

	check "a job is declared" "$ozctl" local add shop socket "$socket"
	is "and saved at once" "$(<"$state/jobs")" +shop
	rm "$state/jobs"
	mkdir -p "$state/jobs/in-the-way"
	words=$("$ozctl" local add more socket "$socket" 2>&1)
	is "what cannot be saved: exit status" "$?" 1
	like "what cannot be saved: is told" "$words" \
		"more: .* cannot be saved in $state: "
	rmdir "$state/jobs/in-the-way" "$state/jobs"
	words=$("$ozctl" local del typo socket "$socket" 2>&1)
	is "a job that nobody declared: exit status" "$?" 1
	like "a job that nobody declared: is told" "$words" \
		'typo: it is none of the jobs'
	check "it ends" stop
	is "and saves what was to be saved" "$(sort "$state/jobs" | xargs)" \
		"+more +shop"
}

# What a file has that cannot be read is not taken from it.
unread()
{
	local words

	mv "$state/jobs" "$OZP_TMP/jobs"
	mkdir "$state/jobs"
	start --broker 127.0.0.1:1 --node-id n
	check "jobs that cannot be read: it says so" until_true said \
		'jobs: .*may be missing'
	check "and runs" until_true answers
	words=$("$ozctl" local add third socket "$socket" 2>&1)
	is "what would replace them: exit status" "$?" 1
	like "what would replace them: is told" "$words" 'cannot be saved'
	rmdir "$state/jobs"
	mv "$OZP_TMP/jobs" "$state/jobs"
	check "they can be read: more is saved" \
		"$ozctl" local add fourth socket "$socket"
	is "beside what was there" "$(sort "$state/jobs" | xargs)" \
		"+fourth +more +shop +third"
	check "it ends" stop
}

# Files that an operator forgot are no reason to serve nothing.
no_files()
{
	start --broker 127.0.0.1:1 --node-id n --ca-file "$OZP_TMP/ca.crt"
	check "without its CA file it runs" until_true answers
	check "and says what is missing" until_true said \
		'broker 127.0.0.1:1: .*ca\.crt: No such file'
	check "it ends" stop
	start --broker 127.0.0.1:1 --node-id n --username worker \
		--password-file "$OZP_TMP/password"
	check "without its password it runs" until_true answers
	check "and says what is missing" until_true said \
		'password: No such file'
	echo secret >"$OZP_TMP/password"
	check "the file comes: it goes on" until_true said \
		'broker 127.0.0.1:1: .*\(refused\|unreachable\)'
	check "it ends" stop
}

# A name is looked up once an attempt, and by nobody who waits for the answer.
by_name()
{
	start --broker localhost:1 --node-id n
	check "a broker's name: it is looked up" until_true said \
		'broker localhost:1: .*\(refused\|unreachable\)'
	check "and it runs" until_true answers
	check "it ends" stop
	start --broker nowhere.invalid:1 --node-id n
	check "a name that nobody has: it says so" until_true said \
		'broker nowhere.invalid:1: .*[Nn]ame'
	check "and runs" until_true answers
	check "it ends" stop
}

# The table that is read is not as a helper writes it: it is to be saved, but
# something is in the way.
start_unsaved()
{
	echo '[{"app_name": "shop", "instance_list": [{"instance_number": 0,
		"host_ip": "192.0.2.2", "host_port": 50103,
		"namespace_ip": "10.21.0.1", "instance_ip": "10.30.0.6",
		"service_ip": []}]}]' >"$1"
	mkdir -p "$state/.table.json.new/in-the-way"
	start --broker 127.0.0.1:1 --node-id n --save-interval 300
}

saved()
{
	local table=$state/table.json

	start_unsaved "$table"
	check "a table that cannot be saved: it says so" until_true said \
		'table.json cannot be written'
	refuse "and keeps the old one" has_query "$table"
	rm -r "$state/.table.json.new"
	check "it is tried again" until_true has_query "$table"
	check "it ends" stop
	touch -d 2001-01-01 "$table"
	start --broker 127.0.0.1:1 --node-id n --save-interval 100
	until_true answers
	check "it ends again" stop
	is "what is the same is not written" \
		"$(stat -c %y "$table" | cut -d - -f 1)" 2001
}

# A card that is busy: the file is a pipe, and who compares it waits for a writer.
slow_card()
{
	local table=$state/table.json

	start_unsaved "$table"
	until_true said 'table.json cannot be written'
	rm "$table" && mkfifo "$table"
	check "it takes long to save a table" until_true waits_for_the_card
	check "others are answered meanwhile" answers
	rm -r "$state/.table.json.new"
	# shellcheck disable=SC2016 # for the shell inside
	timeout 10 sh -c ': >"$1"' sh "$table"
	check "then it is saved" until_true test -f "$table"
	check "it ends" stop
}

# unshare, which began it, became it.
waits_for_the_card()
{
	(($(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l) == 2))
}

has_query()
{
	grep -q '"query_key": "shop"' "$1"
}

hangup
somebody_elses
two_at_a_time
declared
unread
no_files
by_name
saved
slow_card
tap_done
