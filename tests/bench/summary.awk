# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# From the values of each round, as tests/bench/guest.sh writes them, to one
# line for each thing measured: the median and the distance of the extremes.

BEGIN {
	FS = OFS = "\t"
	print "system", "measure", "size", "value", "unit", "spread"
}

{
	key = $2 OFS $3 OFS $4
	if (!(key in count)) {
		order[++keys] = key
		unit[key] = $6
	}
	insert(key, $5)
}

END {
	for (i = 1; i <= keys; i++) {
		key = order[i]
		n = count[key]
		print key, median(key, n), unit[key],
			value[key, n] - value[key, 1]
	}
}

# Keeps value[key, 1…] sorted.
function insert(key, number,    i)
{
	for (i = ++count[key]; i > 1 && value[key, i - 1] > number + 0; i--)
		value[key, i] = value[key, i - 1]
	value[key, i] = number + 0
}

function median(key, n)
{
	if (n % 2)
		return value[key, (n + 1) / 2]
	return (value[key, n / 2] + value[key, n / 2 + 1]) / 2
}
