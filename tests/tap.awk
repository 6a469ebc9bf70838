# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Reads what tests/run-files prints, shows a line a file and everything about
# what failed, and appends to the file named by `results`
#
#   FILE <tab> PASSED <tab> FAILED <tab> SKIPPED <tab> HOW
#
# for each file; HOW is "ended", "died", or "again" for one that failed and
# passed when it was run once more. What it said the first time is shown as
# comments then. A file that fails without saying so, runs no check, runs
# another number of checks than it planned, or never ends counts as a failure.

# Kept until it is known whether the file counts.
function say(line)
{
	said[++saying] = line
	if (verbose)
		speak("")
}

function speak(mark,	i)
{
	for (i = 1; i <= saying; i++)
		print mark said[i]
	saying = 0
	fflush()
}

function fail(text)
{
	explain()
	failed++
	say("not ok - " text)
}

function finish(ending, status, seconds)
{
	if (ending == "died") {
		explain()
		failed++
	} else if (status == 4 && passed + failed == 0 && !again)
		skipped = skipped ? skipped : 1
	else if (status == 124 || status == 137)
		fail(file ": took too long")
	else if (status != 0 && failed == 0)
		fail(file ": ended with status " status)
	else if (passed + failed + skipped == 0)
		fail(file ": ran no check")
	else if (plan != "" && plan != passed + failed + skipped)
		fail(file ": planned " plan " checks, ran " \
			passed + failed + skipped)
	speak("")
	if (again && ending == "ended" && !failed)
		ending = "again"
	printf "%-6s %3d passed, %d failed%s  %4s s  %s\n", \
		failed ? "FAILED" : "ok", passed, failed, \
		skipped ? ", " skipped " skipped" : "", seconds, file
	printf "%s\t%d\t%d\t%d\t%s\n", file, passed, failed, skipped, \
		ending >> results
	close(results)
	fflush()
	file = ""
}

# The words of a test between two checks explain the second when it fails, and
# those after a failed one explain it too. Only the last of them are kept.
function show(line)
{
	if (verbose || explaining)
		say(line)
	else
		words[++spoken] = line
}

function forget()
{
	spoken = explaining = 0
}

function explain(	i)
{
	for (i = spoken > 40 ? spoken - 39 : 1; i <= spoken; i++)
		if (words[i] != "")
			say(words[i])
	spoken = 0
	explaining = 1
}

{ sub(/\r$/, "") }

/^# file / && file == "" {
	file = $3
	passed = failed = skipped = again = 0
	plan = ""
	forget()
	next
}

file == "" {
	print
	fflush()
	next
}

/^# again / && $3 == file {
	sub(/^# again [^ ]* /, "")
	explain()
	speak("# first time: ")
	print "# " file ": " $0 "; once more"
	again = 1
	passed = failed = skipped = 0
	plan = ""
	forget()
	next
}

/^# end / && $3 == file {
	finish("ended", $5, $7)
	next
}

/^(not )?ok([ \t]|$)/ {
	if (/^not/) {
		failed++
		explain()
	} else {
		forget()
		if (/# *[Ss][Kk][Ii][Pp]/)
			skipped++
		else
			passed++
	}
	if (verbose || !/^ok/ || /# *[Ss][Kk][Ii][Pp]/)
		say($0)
	next
}

# cmocka prints a plan for each group of tests.
/^1\.\.[0-9]+/ {
	plan += substr($1, 4)
	next
}

/^Bail out!/ {
	fail(file ": " $0)
	next
}

{ show($0) }

END {
	if (file != "")
		finish("died", "", "?")
}
