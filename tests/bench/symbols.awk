# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# From counts of addresses to one line for each function: module, function,
# instructions and calls for each of PACKETS packets. Reads two kinds of lines,
# sorted by address together, symbols before what is at their address:
#
#   ADDRESS + TYPE NAME [MODULE]     of /proc/kallsyms
#   ADDRESS - COUNT                  of count.c

BEGIN {
	OFS = "\t"
	print "module", "function", "instructions/packet", "calls/packet"
}

$2 == "+" {
	where = $1
	symbol = (NF > 4 ? substr($5, 2, length($5) - 2) : "kernel") OFS $4
	next
}

{
	if ($1 !~ /^f/)
		symbol = "user space" OFS "-"
	else if ($1 == where)
		calls[symbol] += $3
	count[symbol] += $3
}

END {
	for (symbol in count)
		printf "%s\t%.2f\t%.3f\n", symbol, count[symbol] / PACKETS,
			calls[symbol] / PACKETS
}
