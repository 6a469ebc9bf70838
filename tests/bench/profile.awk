# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The profile for people, from lines of symbols.awk without their head, the most
# expensive function first.

BEGIN {
	FS = "\t"
}

{
	line[NR] = $0
	sum[$1] += $3
	total += $3
}

END {
	printf "%12s %7s  %s\n", "instructions", "share", "module"
	for (module in sum)
		printf "%12.0f %6.1f%%  %s\n", sum[module], share(sum[module]),
			module | "sort -rn"
	close("sort -rn")
	printf "%12.0f  a packet\n\n", total
	printf "%12s %7s %7s  %s\n", "instructions", "share", "calls", "function"
	for (i = 1; i <= NR; i++) {
		split(line[i], field)
		if (share(field[3]) < 0.3)
			break
		printf "%12.0f %6.1f%% %7.2f  %s%s\n", field[3],
			share(field[3]), field[4], field[2],
			(field[1] == "kernel" ? "" : " [" field[1] "]")
	}
	printf "%d functions with less than 0.3%% are not shown.\n", NR - i + 1
}

function share(n)
{
	return 100 * n / total
}
