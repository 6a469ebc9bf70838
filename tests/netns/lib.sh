# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# Namespaces as workers and containers. Source it first in a test,
# end the test with tap_done. Names of the test's own ("w1", "client") become
# unique namespaces; interface names are the same in each:
#
#     container NAME          worker NAME                    underlay
#     eth0 ─── c-NAME ── br0 ──(route)── oz0, un0 ───────── u-NAME
#
# All workers hang on one router, the namespace "underlay", each by a link of
# its own, so their addresses can be in any subnets. Containers reach their
# worker by a default route to GATEWAY4/GATEWAY6 on br0, whatever their prefix
# is: locality is never told by a prefix.
#
# Topology
#   worker_add NAME              a worker: namespace, br0 with the gateways
#   container_add WORKER NAME ADDR/LEN…   a container, routes both ways
#   underlay_join WORKER ADDR/LEN…   a link to the router, default routes
#   underlay_offloads default|off|gro   offloads of every underlay link:
#                                as made | tx, tso and gso off | gro on,
#                                which veth only does where its peer has no tso
#   underlay_mtu WORKER MTU      MTU of both ends of a worker's link
#                                In a kernel without IPv6 (/proc/sys/net/ipv6), what
#                                is of IPv6 in these is left out
#   netns_add NAME               an empty namespace, lo up
#   netns_del NAME               deletes one now (all go at the end)
# Commands
#   ns NAME CMD…                 runs CMD there (/sys stays the caller's)
#   nip NAME ARG…                ip(8) there
#   ns_name NAME                 prints the real name, for other tools
#   ns_sysctl NAME KEY=VALUE…    writes sysctls there
#   bg NAME CMD…                 starts CMD there, sets BG_PID; output goes to
#                                $OZP_TMP/bg.$BG_PID
#   bg_stop PID…                 ends and reaps it
# Waiting
#   wait_until SECONDS CMD…      polls CMD until it succeeds, 1 on time-out;
#                                seconds of a good machine: OZP_TEST_PATIENCE
#                                times as many are allowed
#   wait_listen NAME tcp|udp PORT   until something listens
# Captures
#   capture_start NAME IFACE FILE [FILTER…]   returns once tcpdump listens
#   capture_stop FILE            returns once all it saw is in FILE
#   capture_show FILE [ARG…]     prints it, numeric, one packet a line
# Needs
#   need_modules MODULE…         loads them, or skip_all
# Invariants
#   ozp_invariants               checks of tap_done, see there
#
# The checks themselves are those of tests/lib/tap.sh, which this file sources.

# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "${BASH_SOURCE[0]%/*}/../lib/tap.sh"

GATEWAY4=169.254.1.1
GATEWAY6=fe80::1
ROUTER4=169.254.0.1
ROUTER6=fe80::1

ozp_prefix=o$$
ozp_spaces=()		# names of namespaces, ours
ozp_workers=()		# those with an underlay link or a bridge
ozp_underlays=()	# workers joined to the underlay
ozp_pids=()		# background processes, ours
declare -A ozp_captures=()	# file to pid
ozp_no_ipv6=
[[ -e /proc/sys/net/ipv6 ]] || ozp_no_ipv6=1

# A pipe that nobody writes to: read -t on it waits without a process.
exec {ozp_never}<> <(:)

# A kernel that looks for bugs takes ten times as long: with OZP_SMALL set, a
# test does everything that it does, but less often, and in one offload mode.
#
#   size FULL SMALL   prints one of the two
#   $offload_modes    modes that underlay_offloads is to be called with
size()
{
	echo "${!OZP_SIZE}"
}

# shellcheck disable=SC2034 # for the tests
if [[ -n ${OZP_SMALL:-} ]]; then
	OZP_SIZE=2 offload_modes=(default)
else
	OZP_SIZE=1 offload_modes=(default off gro)
fi

# The same language, but an emulated machine needs thirty times as long to start
# the usual jq as this one.
jq()
{
	gojq "$@"
}

# ---- namespaces

ns_name()
{
	echo "$ozp_prefix-$1"
}

# busybox, being static, starts in a third of the time of the usual nsenter. It
# takes its own word for any command that has no path.
ns()
{
	local name=$ozp_prefix-$1 program=$2

	shift 2
	hash "$program" 2>/dev/null
	busybox nsenter "--net=/run/netns/$name" -- \
		"${BASH_CMDS[$program]:-$program}" "$@"
}

nip()
{
	local name=$ozp_prefix-$1

	shift
	ip -n "$name" "$@"
}

ns_sysctl()
{
	local name=$1 pair key script=''

	shift
	for pair; do
		key=${pair%%=*}
		[[ -z $ozp_no_ipv6 || $key != net.ipv6.* ]] || continue
		script+="echo '${pair#*=}' >/proc/sys/${key//.//} || exit 1;"
	done
	ns "$name" busybox sh -c "$script"
}

netns_add()
{
	ip netns add "$ozp_prefix-$1" || return 1
	ozp_spaces+=("$1")
	# Addresses serve at once: no duplicate address detection. A connection
	# that nobody owns any more holds its namespace until it gives up.
	ns_sysctl "$1" net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0 \
		net.ipv4.tcp_orphan_retries=1 net.ipv4.tcp_fin_timeout=10 &&
		ns "$1" busybox ip link set lo up
}

netns_del()
{
	local name kept=()

	for name in "${ozp_spaces[@]}"; do
		[[ $name == "$1" ]] || kept+=("$name")
	done
	ozp_spaces=("${kept[@]}")
	netns_kill "$1"
	ip netns del "$ozp_prefix-$1"
}

# What still runs in a namespace of ours was started by us.
netns_kill()
{
	local pids

	mapfile -t pids < <(ip netns pids "$ozp_prefix-$1" 2>/dev/null)
	((${#pids[@]} == 0)) || kill -9 "${pids[@]}" 2>/dev/null
}

# ip -batch in a namespace
ozp_batch()
{
	if [[ -z $ozp_no_ipv6 ]]; then
		nip "$1" -batch -
	else
		grep -v :: | nip "$1" -batch -
	fi
}

worker_add()
{
	netns_add "$1" || return 1
	ozp_workers+=("$1")
	ozp_batch "$1" <<-END
		link add br0 type bridge forward_delay 0
		address add $GATEWAY4/32 dev br0
		link set br0 up
		address add $GATEWAY6/64 dev br0 nodad
	END
}

# Each start of ip(8) takes its time: one a side.
container_add()
{
	local worker=$1 name=$2 host=c-${2:0:13} address inside outside

	shift 2
	netns_add "$name" || return 1
	outside="link add $host type veth peer name eth0 netns $ozp_prefix-$name
		link set $host master br0 up"
	inside="link set eth0 up"
	for address; do
		if [[ $address == *:* ]]; then
			inside+="
				address add $address dev eth0 nodad
				route add default via $GATEWAY6 dev eth0"
			outside+="
				route add ${address%/*}/128 dev br0"
		else
			inside+="
				address add $address dev eth0
				route add default via $GATEWAY4 dev eth0 onlink"
			outside+="
				route add ${address%/*}/32 dev br0"
		fi
	done
	nip "$worker" -batch - <<<"$outside" &&
		nip "$name" -batch - <<<"$inside"
}

# ---- underlay

underlay_make()
{
	netns_add underlay &&
		ns_sysctl underlay net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1 \
			net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0
}

underlay_join()
{
	local worker=$1 port=u-${1:0:13} address near='' far=''

	shift
	[[ " ${ozp_spaces[*]} " == *" underlay "* ]] || underlay_make || return 1
	if [[ " ${ozp_underlays[*]} " != *" $worker "* ]]; then
		ozp_underlays+=("$worker")
		far="link add $port type veth peer name un0 netns $ozp_prefix-$worker
			link set $port up
			address add $ROUTER4/32 dev $port
			address add $ROUTER6/64 dev $port nodad"
		near="link set un0 up
			route add default via $ROUTER4 dev un0 onlink
			route add default via $ROUTER6 dev un0"
	fi
	for address; do
		if [[ $address == *:* ]]; then
			near+="
				address add $address dev un0 nodad noprefixroute"
			far+="
				route add ${address%/*}/128 dev $port"
		else
			near+="
				address add $address dev un0 noprefixroute"
			far+="
				route add ${address%/*}/32 dev $port"
		fi
	done
	ozp_batch underlay <<<"$far" && ozp_batch "$worker" <<<"$near"
}

underlay_offloads()
{
	local worker settings

	case $1 in
	default) settings=(tx on tso on gso on gro off) ;;
	off) settings=(tx off tso off gso off gro off) ;;
	gro) settings=(tx on tso off gso on gro on) ;;
	*) diag "underlay_offloads: no mode '$1'"; return 1 ;;
	esac
	for worker in "${ozp_underlays[@]}"; do
		ns "$worker" ethtool -K un0 "${settings[@]}" &&
			ns underlay ethtool -K "u-${worker:0:13}" \
				"${settings[@]}" || return 1
	done
}

underlay_mtu()
{
	nip underlay link set "u-${1:0:13}" mtu "$2" &&
		nip "$1" link set un0 mtu "$2"
}

# ---- processes

bg()
{
	local name=$ozp_prefix-$1 log fd

	shift
	log=$(mktemp "$OZP_TMP/log.XXXXXX")
	# Opened here: the child might do it only when the name has changed.
	exec {fd}>"$log"
	nsenter "--net=/run/netns/$name" -- "$@" >&"$fd" 2>&1 </dev/null &
	BG_PID=$!
	exec {fd}>&-
	ozp_pids+=("$BG_PID")
	mv "$log" "$OZP_TMP/bg.$BG_PID"
}

bg_stop()
{
	local pid

	for pid; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		pid_forget "$pid"
	done
}

pid_forget()
{
	local pid kept=()

	for pid in "${ozp_pids[@]}"; do
		[[ $pid == "$1" ]] || kept+=("$pid")
	done
	ozp_pids=("${kept[@]}")
}

ozp_pause()
{
	read -r -t "$1" -u "$ozp_never"
	return 0
}

# Whoever waits for what comes loses nothing by waiting longer on a machine
# that is slow or busy. Of a leap of the clock, because the whole machine stood
# still, no more than ten seconds count.
wait_until()
{
	local left=$(($1 * 1000000 * ${OZP_TEST_PATIENCE:-3}))
	local before=${EPOCHREALTIME/./} now step

	shift
	until "$@" >/dev/null 2>&1; do
		now=${EPOCHREALTIME/./}
		step=$((now - before))
		((left -= step < 10000000 ? step : 10000000))
		((left > 0)) || return 1
		before=$now
		ozp_pause 0.05
	done
}

# Of the shell's own: what is asked again and again starts no process.
file_says()
{
	local text=''

	IFS= read -r -d '' text <"$1"
	[[ $text == *"$2"* ]]
}

ozp_listens()
{
	[[ -n $(ns "$1" ss -Hln "--$2" "sport = :$3") ]]
}

wait_listen()
{
	wait_until 20 ozp_listens "$@" && return 0
	diag "nothing listens on $2 port $3 in $1"
	return 1
}

# ---- captures

capture_start()
{
	local name=$1 iface=$2 file=$3

	shift 3
	# Not by ns, a function: signals are for tcpdump, and not for a shell.
	nsenter "--net=/run/netns/$ozp_prefix-$name" -- \
		tcpdump -i "$iface" -n -U --immediate-mode -Z root \
		-w "$file" "$@" 2>"$file.log" </dev/null &
	ozp_captures[$file]=$!
	ozp_pids+=($!)
	wait_until 20 file_says "$file.log" 'listening on' && return 0
	diag "tcpdump does not start: $(<"$file.log")"
	return 1
}

# tcpdump tells on SIGUSR1 how many packets it wrote and how many it was given.
capture_is_drained()
{
	local shown told
	local counts='([0-9]+) packets? captured, ([0-9]+) packets? received'

	mapfile -t shown <"$2.log"
	kill -USR1 "$1" || return 1
	wait_until 2 capture_told "$2.log" "${#shown[@]}" || return 1
	told=$(tail -n 1 "$2.log")
	[[ $told =~ $counts ]] &&
		((BASH_REMATCH[1] == BASH_REMATCH[2]))
}

capture_told()
{
	local lines

	mapfile -t lines <"$1"
	((${#lines[@]} > $2)) && [[ ${lines[-1]} == *'received by filter'* ]]
}

capture_stop()
{
	local file=$1 pid=${ozp_captures[$1]}

	wait_until 10 capture_is_drained "$pid" "$file" ||
		diag "tcpdump has not drained: $(tail -n 3 "$file.log")"
	kill -INT "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	pid_forget "$pid"
	unset "ozp_captures[$file]"
}

capture_show()
{
	local file=$1

	shift
	tcpdump -n -t -r "$file" "$@" 2>/dev/null
}

need_modules()
{
	local module

	for module; do
		[[ -e /sys/module/${module//-/_} ]] || modprobe "$module" ||
			skip_all "needs the kernel module $module"
	done
}

# What one looks at first when a check failed; printed once, at the first.
ozp_diagnose()
{
	local name pid

	for name in "${ozp_spaces[@]}"; do
		echo "# ---- $name"
		{
			nip "$name" -brief address
			nip "$name" route
			nip "$name" -6 route
		} 2>&1 | sed 's/^/#   /'
	done
	for pid in "${ozp_pids[@]}"; do
		echo "# ---- process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" \
			2>/dev/null || echo gone), the end of its words:"
		tail -n 5 "$OZP_TMP/bg.$pid" 2>/dev/null | sed 's/^/#   /'
		sed 's/^/#   /' "/proc/$pid/"{syscall,stack,net/netlink} \
			2>/dev/null
	done
	for name in "${ozp_workers[@]}"; do
		command -v ozctl >/dev/null || break
		echo "# ---- $name: ozctl stats, services, flows"
		{
			ns "$name" ozctl stats show
			ns "$name" ozctl service show
			ns "$name" ozctl flow show
		} 2>&1 | sed 's/^/#   /'
	done
}

# Has the kernel warned (512), oopsed (128) or found a bad page (32)?
ozp_kernel_is_well()
{
	local taint

	read -r taint </proc/sys/kernel/tainted
	((!(taint & (512 | 128 | 32))))
}

# In each direction what was received equals what went on plus what was lost,
# plus what waits for an answer.
# Packets may still be on their way, so it is asked until it holds.
ozp_invariants_of()
{
	local worker=$1 device devices

	mapfile -t devices < <(nip "$worker" -o link show type ozproxy |
		sed 's/^[0-9]*: *\([^:@]*\).*/\1/')
	for device in "${devices[@]}"; do
		if wait_until 5 ozp_counters_add_up "$worker" "$device"; then
			tap_ok "counters of $worker $device add up"
		else
			check "counters of $worker $device add up" \
				ozp_counters_add_up "$worker" "$device"
		fi
	done
}

ozp_counters_add_up()
{
	ns "$1" ozctl -j stats show dev "$2" | jq -e '
		def lost($direction): [.drop[]? |
			select(.direction == $direction) | .packets] | add // 0;
		if ."out-received" == ."out-tunnelled" + ."out-local" +
			lost("out") + ."out-waiting" and
			."in-received" + ."out-local" == ."in-delivered" +
			lost("in") + ."in-waiting" and ."out-received" != null
		then true else ., false end'
}

# What must hold after every test.
ozp_invariants()
{
	local worker

	for worker in "${ozp_workers[@]}"; do
		[[ -e /run/netns/$ozp_prefix-$worker ]] || continue
		ozp_invariants_of "$worker"
	done
	check "the kernel did not complain" ozp_kernel_is_well
}

# ---- the end, however it comes

ozp_cleanup()
{
	local name

	((${#ozp_pids[@]} == 0)) || kill "${ozp_pids[@]}" 2>/dev/null
	for name in "${ozp_spaces[@]}"; do
		netns_kill "$name"
		ip netns del "$ozp_prefix-$name"
	done
	wait 2>/dev/null
}

at_exit ozp_cleanup
at_done ozp_invariants
at_failure ozp_diagnose
