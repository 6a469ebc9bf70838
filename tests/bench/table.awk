# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# build/bench.tsv for people: a block a measure, a line a system, a column a
# size. What a tunnel adds to plain routing is its tax.

BEGIN {
	FS = "\t"
}

NR == 1 {
	next
}

!($2 in unit) {
	measures[++measure_count] = $2
	unit[$2] = $5
}

!(($2, $1) in seen) {
	seen[$2, $1]
	systems[$2, ++system_count[$2]] = $1
}

!(($2, "size", $3) in seen) {
	seen[$2, "size", $3]
	sizes[$2, ++size_count[$2]] = $3
}

{
	value[$2, $1, $3] = $4
	spread[$2, $1, $3] = $6
}

END {
	for (i = 1; i <= measure_count; i++)
		block(measures[i])
}

function block(measure,    i, j, name)
{
	printf "%s%s, %s\n", (i > 1 ? "\n" : ""), measure, unit[measure]
	printf "  %-12s", (size_count[measure] > 1 ? "size" : "system")
	for (j = 1; j <= size_count[measure]; j++)
		printf " %16s", (size_count[measure] > 1 ? \
			sizes[measure, j] : "median, spread")
	if (measure ~ /^udp64/)
		printf " %10s %10s %10s", "tax", "of vxlan", "of fou+nat"
	print ""
	for (i = 1; i <= system_count[measure]; i++) {
		name = systems[measure, i]
		printf "  %-12s", name
		for (j = 1; j <= size_count[measure]; j++)
			cell(measure SUBSEP name SUBSEP sizes[measure, j])
		if (measure ~ /^udp64/)
			taxes(measure, name)
		print ""
	}
}

function cell(key)
{
	if (!(key in value))
		printf " %16s", "-"
	else
		printf " %9s ±%5.1f%%", number(value[key]),
			(value[key] ? 100 * spread[key] / value[key] : 0)
}

function number(n)
{
	return n == int(n) ? n : sprintf("%.2f", n)
}

function tax(measure, name,    key, floor)
{
	key = measure SUBSEP name SUBSEP sizes[measure, 1]
	floor = measure SUBSEP "plain" SUBSEP sizes[measure, 1]
	return (key in value) && (floor in value) ? value[key] - value[floor] : 0
}

function taxes(measure, name)
{
	printf " %10s %10s %10s", tax(measure, name),
		ratio(tax(measure, name), tax(measure, "vxlan")),
		ratio(tax(measure, name), tax(measure, "fou+nat"))
}

function ratio(a, b)
{
	return b ? sprintf("%.2f", a / b) : "-"
}
