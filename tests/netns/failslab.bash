# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# Allocations of the module that fail, in a kernel with CONFIG_FAILSLAB.
#
#   failslab_there            has this kernel it?
#   failslab_prepare          from now on only what code of the module asks
#                             for, itself or further down, can fail
#   failslab_set KEY=VALUE…   writes its knobs
#   failslab_off              nothing fails any more

FAILSLAB=/sys/kernel/debug/failslab

failslab_there()
{
	[[ -d $FAILSLAB ]]
}

failslab_set()
{
	local pair

	for pair; do
		echo "${pair#*=}" >"$FAILSLAB/${pair%%=*}" || return 1
	done
}

failslab_off()
{
	failslab_set probability=0 times=-1
}

# failslab_symbols FILTER: "ADDRESS NAME" of the functions that awk's FILTER
# selects, in order.
failslab_symbols()
{
	awk "tolower(\$2) == \"t\" && $1 { print \"0x\" \$1, \$3 }" \
		/proc/kallsyms | LC_ALL=C sort
}

# The kernel tells where a function of the module begins; how long the last one
# is, only the module's file does.
failslab_end()
{
	local address=$1 name=$2 size

	size=$(nm -S --defined-only "$OZPROXY_KO" |
		awk -v name="$name" '$4 == name { print $2 }' |
		LC_ALL=C sort | tail -n 1)
	[[ -n $size ]] && printf '0x%x\n' $((address + 16#$size))
}

# The kernel's book of references would complain of an entry that it lacks.
# shellcheck disable=SC2016 # for awk
failslab_prepare()
{
	local module book last end

	mapfile -t module < <(failslab_symbols '$4 == "[ozproxy]"')
	mapfile -t book < <(failslab_symbols '!$4' |
		grep -A 1 ' ref_tracker_alloc$' | cut -d ' ' -f 1)
	((${#module[@]} && ${#book[@]} == 2)) || return 1
	read -r -a last <<<"${module[-1]}"
	end=$(failslab_end "${last[@]}") || return 1
	failslab_set "require-start=${module[0]% *}" "require-end=$end" \
		"reject-start=${book[0]}" "reject-end=${book[1]}" \
		stacktrace-depth=32 verbose=0 ignore-gfp-wait=N \
		cache-filter=N task-filter=N interval=1 space=0 \
		probability=0 times=-1
}
