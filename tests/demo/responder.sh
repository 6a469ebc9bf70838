#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# responder.sh ANSWERS: stands in for the helper and the cluster. Every miss
# that the kernel announces is answered with the file ANSWERS/ADDRESS.json,
# what the cluster's broker would say to {"sname": "", "sip": ADDRESS}.
set -u

ozctl -j monitor | while read -r event; do
	address=$(jq -r 'select(.event == "miss-ntf") | .ipv4 // .ipv6' \
		<<<"$event")
	[[ -n $address ]] || continue
	echo "$EPOCHREALTIME miss $address"
	ozctl service load "$1/$address.json" || continue
	echo "$EPOCHREALTIME answered $address"
done
