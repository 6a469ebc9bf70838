#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Notes when the kernel announces a miss for the first time, and when a service
# comes into its table: "TIME miss ADDRESS", "TIME entry JOB".
set -u

miss='"event":"miss-ntf",.*"ipv[46]":"([^"]*)"'
entry='"event":"service-ntf",.*"name":"([^"]*)","address"'

ozctl -j monitor | while read -r event; do
	now=$EPOCHREALTIME
	# Once each address: not when the announcement is repeated.
	if [[ $event != *'"announced":'[2-9]* && $event =~ $miss ]]; then
		echo "$now miss ${BASH_REMATCH[1]}"
	elif [[ $event =~ $entry ]]; then
		echo "$now entry ${BASH_REMATCH[1]}"
	fi
done
