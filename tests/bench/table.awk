# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# build/bench.tsv for people: a block for each measure and unit, a line a
# system, a column a size. What a tunnel adds to plain routing is its tax.

BEGIN {
	FS = "\t"
}

NR == 1 {
	next
}

{
	block = $2 ", " $5
	value[block, $1, $3] = $4
	spread[block, $1, $3] = $6
	if ($2 ~ /^udp64/)
		packet[$2, $1] = $4
}

# Its ways are columns of udp64.
$2 ~ /^udp64-/ {
	next
}

!(block in size_count) {
	blocks[++block_count] = block
	size_count[block] = 0
}

!((block, $1) in seen) {
	seen[block, $1]
	names[block, ++name_count[block]] = $1
}

!((block, "size", $3) in seen) {
	seen[block, "size", $3]
	sizes[block, ++size_count[block]] = $3
}

END {
	for (i = 1; i <= block_count; i++)
		show(blocks[i])
}

function show(block,    i, j)
{
	printf "%s%s\n", (shown++ ? "\n" : ""), block
	head(block)
	for (i = 1; i <= name_count[block]; i++) {
		printf "  %-12s", names[block, i]
		for (j = 1; j <= size_count[block]; j++)
			cell(block SUBSEP names[block, i] SUBSEP sizes[block, j])
		if (block ~ /^udp64/)
			taxes(names[block, i])
		print ""
	}
}

function head(block,    j)
{
	printf "  %-12s", (size_count[block] > 1 ? "size" : "system")
	for (j = 1; j <= size_count[block]; j++)
		printf " %16s", (size_count[block] > 1 ? \
			sizes[block, j] : "median, spread")
	if (block ~ /^udp64/)
		printf " %10s %10s %10s %10s %10s", "request", "reply", "tax", \
			"of vxlan", "of fou+nat"
	print ""
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

function tax(name)
{
	if (!packet["udp64", name] || !packet["udp64", "plain"])
		return 0
	return packet["udp64", name] - packet["udp64", "plain"]
}

function taxes(name)
{
	printf " %10s %10s %10s %10s %10s", packet["udp64-request", name],
		packet["udp64-reply", name], tax(name),
		ratio(tax(name), tax("vxlan")), ratio(tax(name), tax("fou+nat"))
}

function ratio(a, b)
{
	return a && b ? sprintf("%.2f", a / b) : "-"
}
