#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# Includes of the module point to lower layers, or up the list within a layer.
# Each file of kmod/ has a place here: a new one is put where it belongs, and
# its object in the same order into Kbuild.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# layer: files (without their suffix), each may include those before it. A layer
# may go on in the next line.
layers='
8: main
7: netlink_gen netlink netlink_stats netlink_miss netlink_flow
7: netlink_service netlink_service_fill netlink_service_parse
6: link device underlay ethtool
5: convert choose admission stale error inbound outbound idle
4: tunnel tunnel_route tunnel_gro tunnel_receive tunnel_gather tunnel_send icmp reset
3: conversion flow_parts flow flow_convert flow_measure flow_life flow_evict flow_collect
3: affinity fragment miss_queue miss_parts miss miss_wait miss_end
2: node policy service_config doubt service index table table_set
1: packet hash mss rewrite compose embedded traffic trace trace_flow stats
0: limits clock work address reasons_gen verdict compat_gen compat compat_tunnel
'

declare -A layer_of place_of
place=0
while read -r layer files; do
	for file in $files; do
		layer_of[$file]=${layer%:}
		place_of[$file]=$((place++))
	done
done <<<"$layers"

# The local headers that a file includes, without folder and suffix.
includes()
{
	sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"(.*\/)?(.*)\.h".*/\2/p' \
		"$1"
}

module_files()
{
	project_files 'kmod/*.[ch]' | grep -v '^kmod/compat/'
}

stem()
{
	local name=${1##*/}

	echo "${name%.*}"
}

have_a_place()
{
	local file status=0

	while read -r file; do
		[[ -n ${layer_of[$(stem "$file")]:-} ]] && continue
		echo "$file has no layer in tests/build/layers.sh"
		status=1
	done < <(module_files)
	return "$status"
}

points_down()
{
	local from to status=0

	from=$(stem "$1")
	while read -r to; do
		[[ $to != "$from" ]] || continue
		if [[ -z ${layer_of[$to]:-} ]]; then
			echo "$1: \"$to.h\" has no layer"
			status=1
		elif ((layer_of[$to] > layer_of[$from])); then
			echo "$1 (layer ${layer_of[$from]}) includes" \
				"$to.h (layer ${layer_of[$to]})"
			status=1
		elif ((layer_of[$to] == layer_of[$from] &&
			place_of[$to] > place_of[$from])); then
			echo "$1 includes $to.h, which comes after it in" \
				"layer ${layer_of[$from]}"
			status=1
		fi
	done < <(includes "$1")
	return "$status"
}

objects_by_layer()
{
	local object name last=9 status=0

	while read -r object; do
		name=$(stem "$object")
		if ((${layer_of[$name]:-9} > last)); then
			echo "Kbuild: $object comes after an object of layer $last"
			status=1
		fi
		last=${layer_of[$name]:-9}
	done < <(sed -n 's/^ozproxy-y += //p' Kbuild)
	return "$status"
}

objects_are_the_sources()
{
	diff <(sed -n 's/^ozproxy-y += \(.*\)\.o$/\1.c/p' Kbuild | sort) \
		<(module_files | grep '\.c$')
}

check "every file of the module has a layer" have_a_place
mapfile -t files < <(module_files)
for file in "${files[@]}"; do
	[[ -n ${layer_of[$(stem "$file")]:-} ]] || continue
	check "includes of $file" points_down "$file"
done
check "Kbuild's objects are sorted by layer" objects_by_layer
check "Kbuild's objects are the sources of kmod/" objects_are_the_sources
tap_done
