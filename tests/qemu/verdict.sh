# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# Judges a guest that has ended, from its kernel log and its verdict channel.
#
# Source it for
#
#   log_complaint FILE   prints the first line of a kernel log that says that
#                        something is broken; returns 1 when there is none
#   log_excerpt FILE     prints that place of the log, with its call trace
#   taint_complaint N    as log_complaint, for a taint mask

# What the kernel says when one of its checks fires.
LOG_BAD=(
	'Kernel panic'
	'(^|[^a-zA-Z_])BUG[: ]'
	'kernel BUG at'
	'WARNING:'
	'-+\[ cut here \]-+'
	'Oops:'
	'general protection fault'
	'double fault:'
	'invalid opcode:'
	'divide error:'
	'stack segment:'
	'Unable to handle kernel'
	'(KASAN|KMSAN|KFENCE|UBSAN|ODEBUG):'
	# Modules are ours: everything else is built in.
	'KCSAN: .*\['
	'INFO: (possible|suspicious|inconsistent|trying to register|task |rcu)'
	'inconsistent lock state'
	'possible (circular|recursive|irq lock|deadlock)'
	'bad unlock balance'
	'held lock freed'
	'rcu: INFO:'
	'self-detected stall|detected stalls|detected expedited stalls'
	'soft lockup|hard LOCKUP|Hard LOCKUP'
	'blocked for more than'
	'(list_add|list_del|list) corruption|(list_add|list_del) double'
	'refcount_t: '
	'ref_tracker: '
	'leaked reference'
	'unregister_netdevice: waiting'
	'kmemleak: [0-9]+ new suspected'
	'kmemleak: .*(Kernel memory leak detector disabled|unreferenced object)'
	'unreferenced object 0x'
	'Objects remaining in'
	'Slab corruption|slab.*(Redzone|Poison) overwritten'
	'Bad page (state|map)|bad page '
	'scheduling while atomic|sleeping function called from invalid'
	'stack-protector:|stack guard page'
	'unchecked MSR access error'
)

# Lines that look like one of them and are not; each with its reason.
LOG_FINE=(
	# How the processor is known to be vulnerable, said at boot.
	'(MDS|TAA|MMIO|ITS|RETBleed|Spectre|VMSCAPE|TSA|SRBDS|GDS|RFDS).*(WARNING|vulnerab)'
	# A race between two places of which none is ours. They are built in,
	# so no module is named.
	'BUG: KCSAN: [^[]*$'
)

# All complaints of a log as NUMBER:LINE.
log_complaints()
{
	local file=$1 bad fine

	bad=$(IFS='|'; echo "${LOG_BAD[*]}")
	fine=$(IFS='|'; echo "${LOG_FINE[*]}")
	tr -d '\r\000' <"$file" | grep -anE -- "$bad" | grep -avE -- "$fine"
}

# A cut line only announces the one that says what it is.
log_complaint()
{
	log_complaints "$1" | sed 's/^[0-9]*://' | awk '
		!first { first = $0 }
		!/cut here/ { print; found = 1; exit }
		END { if (!found && first) print first; exit !first }'
}

log_excerpt()
{
	local start

	start=$(log_complaints "$1" | head -n 1 | cut -d : -f 1)
	tail -n "+$start" "$1" | head -n 40 | tr -d '\r\000'
}

# Bits of Documentation/admin-guide/tainted-kernels: what a report leaves
# behind even when its text did not reach the console.
taint_complaint()
{
	local mask=${1:-0} text=()

	((mask & 1 << 4)) && text+=("processor fault")
	((mask & 1 << 5)) && text+=("bad page")
	((mask & 1 << 7)) && text+=("oops or BUG")
	((mask & 1 << 9)) && text+=("WARN")
	((mask & 1 << 14)) && text+=("soft lockup")
	((${#text[@]})) || return 1
	(IFS=,; echo "kernel tainted: ${text[*]}")
}
