# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For the tests of suite.d/ that run poised; sourced after lib.sh, whose cases they are: a network
# namespace and a folder each, so each poised has a machine's table and directories of its own.
#
#	poised_start PATH…   starts it and waits until it is ready; $poised_pid is the supervisor
#	poised_stop          stops it; that is a check
#	poised_kill          kills the whole tree
#	follows, keeps       the table becomes, or stays, what a text says
#	followed_soon        a check: it did so within a second
#	ctl METHOD …         a call of its control socket
#	metric NAME          a value of its metrics
#
# Its log is $dir/log, over all of its starts. What waits here starts no process: one takes a fifth
# of a second in the emulated machine, and what is waited for may take less.

# shellcheck disable=SC2154 # lib.sh sets dir

poised_pid=
poised_metrics_port=9099
# What makes poised serve its metrics, as a line of a file.
# shellcheck disable=SC2034 # for the tests
metrics_on="metrics: {listen: 127.0.0.1:$poised_metrics_port}"
# For tests that keep poised in another network namespace than their own. A sanitizer looks for leaks
# in the end, and the sandbox would not let it.
poised_options=()
poised_sanitized=
if grep -q __asan_init "$BUILD/poised"; then
	poised_sanitized=1
	poised_options=(--no-sandbox)
fi
poised_table=/proc/net/ip_vs

# --- Waiting -----------------------------------------------------------------------------------

# A pipe into which nobody writes: reading from it is to sleep.
exec {poised_silence}<> <(:)
# Or some shells' wait -n would return it in the place of a case.
wait "$!"

# nap SECONDS: sleeps without a process. (The shell waits for no other, so a child may end.)
nap() {
	read -rt "$1" -u "$poised_silence"
	return 0
}

# until_soon MILLISECONDS COMMAND…: as until_true, but it looks a hundred times a second, and says
# how long it took: in $took, in milliseconds. For functions of the shell that start no process.
#
# What counts, and stands in $waited, is time in which it could look: from one look to the next no
# more than a quarter of a second, however long the machine stood still.
until_soon() {
	local most=$1 status=0 clock began before
	shift
	clock_read
	began=$clock before=$clock waited=0
	until "$@"; do
		((waited <= most)) || {
			status=1
			break
		}
		nap 0.01
		clock_read
		waited=$((waited + (clock - before < 25 ? clock - before : 25) * 10))
		before=$clock
	done
	clock_read
	took=$(((clock - began) * 10))
	return "$status"
}

# --- The table, without a process --------------------------------------------------------------

# listed_endpoint HEX:HEX: an address and port of /proc/net/ip_vs, into $endpoint. IPv6 stays as it
# is.
listed_endpoint() {
	endpoint=$1
	[[ $1 == \[* ]] && return
	printf -v endpoint '%d.%d.%d.%d:%d' "0x${1:0:2}" "0x${1:2:2}" "0x${1:4:2}" "0x${1:6:2}" \
		"0x${1:9}"
}

# read_listed: /proc/net/ip_vs into the array $listed, in the words of ipvsadm -Sn where it is TCP
# or UDP over IPv4 without flags.
read_listed() {
	local -A forwards=([Masq]=m [Route]=g [Tunnel]=i)
	local -A protocols=([TCP]=t [UDP]=u)
	local -a lines words
	local line service='' endpoint how
	listed=()
	mapfile -t lines <"$poised_table"
	for line in "${lines[@]:3}"; do
		read -ra words <<<"$line"
		if [[ ${words[0]} == '->' ]]; then
			listed_endpoint "${words[1]}"
			how=${forwards[${words[2]}]:-?}
			listed+=("-a $service -r $endpoint -$how -w ${words[3]}")
		elif [[ -n ${protocols[${words[0]}]:-} ]]; then
			listed_endpoint "${words[1]}"
			service="-${protocols[${words[0]}]} $endpoint"
			listed+=("-A $service -s ${words[*]:2}")
		else
			service=${words[*]}
			listed+=("$service")
		fi
	done
} 2>/dev/null # while ip_vs is not loaded there is no such file

# lines_are WANTED LINE…: whether the lines are exactly those, in any order.
lines_are() {
	local -A seen=()
	local -a lines_wanted=()
	local line
	[[ -z $1 ]] || mapfile -t lines_wanted <<<"$1"
	shift
	(($# == ${#lines_wanted[@]})) || return 1
	for line; do
		seen[$line]=1
	done
	for line in "${lines_wanted[@]}"; do
		[[ -n ${seen[$line]:-} ]] || return 1
	done
}

# table_is WANTED: whether the kernel lists that.
table_is() {
	read_listed
	lines_are "$1" "${listed[@]}"
}

# ipvsadm_is WANTED: whether ipvsadm does.
ipvsadm_is() {
	mapfile -t listed < <(ipvsadm -Sn)
	lines_are "$1" "${listed[@]}"
}

# show_difference WANTED: to what was looked at last, and the log.
show_difference() {
	diff -U2 --label expected --label got <(LC_ALL=C sort <<<"$1") \
		<(printf '%s\n' "${listed[@]}" | LC_ALL=C sort) | sed 's/^/    /'
	details "$dir/log"
}

# follows TEXT WANTED [MILLISECONDS]: within 10 seconds, or so long, the table is WANTED, and ipvsadm
# says so too. (A second should do, but not at every time on every machine: see followed_soon.) What
# does not fit into a page /proc/net/ip_vs does not list right while other namespaces have services.
follows() {
	local took waited time look=table_is
	((${#2} < 1800)) || look=ipvsadm_is
	if ! until_soon "${3:-10000}" "$look" "$2"; then
		fail "$1: not within ${3:-10000} ms"
		show_difference "$2"
		return 1
	fi
	time=$took
	[[ -n ${3:-} ]] || follow_times+=("$waited")
	# It may list an entry twice while another case makes some: see settled.
	if [[ $look == table_is ]] && ! until_soon 10000 ipvsadm_is "$2"; then
		fail "$1: ipvsadm lists something else"
		show_difference "$2"
		return 1
	fi
	ok "$1 (after $time ms)"
}
follow_times=()

# followed_soon: most of what was followed by now was so within a second. Once somebody else may
# have had the processor.
followed_soon() {
	local time late=0
	for time in "${follow_times[@]}"; do
		((time <= 1000)) || late=$((late + 1))
	done
	check "the table followed within a second: $late of ${#follow_times[@]} times it did not" \
		test $((late < 2 ? 0 : late * 3)) -le ${#follow_times[@]} -a ${#follow_times[@]} -gt 0
	follow_times=()
}

# keeps TEXT WANTED [MILLISECONDS]: for half a second, or so long, the table is WANTED whenever one
# looks.
keeps() {
	local clock end
	clock_read
	end=$((clock + ${3:-500} / 10))
	while ((clock < end)); do
		if ! table_is "$2"; then
			fail "$1"
			show_difference "$2"
			return 1
		fi
		nap 0.02
		clock_read
	done
	ok "$1"
}

# --- Its log -----------------------------------------------------------------------------------

# log_says WORDS [COUNT]: its log has them, in COUNT lines when that is given.
log_says() {
	local -a lines
	[[ -e $dir/log ]] || return 1
	mapfile -t lines <"$dir/log"
	log_found=0
	local line
	for line in "${lines[@]:log_from}"; do
		[[ $line != *"$1"* ]] || log_found=$((log_found + 1))
	done
	if [[ -n ${2:-} ]]; then
		((log_found == $2))
	else
		((log_found > 0))
	fi
}

# log_forget: log_says looks at what is said from now on.
log_forget() {
	local -a lines=()
	[[ ! -e $dir/log ]] || mapfile -t lines <"$dir/log"
	log_from=${#lines[@]}
}
log_from=0

# logs TEXT WORDS [MILLISECONDS]: within 10 seconds, or so long, the log says it.
logs() {
	local took waited
	if until_soon "${3:-10000}" log_says "$2"; then
		ok "$1"
		return
	fi
	fail "$1 (not in the log: $2)"
	details "$dir/log"
	return 1
}

# --- Its life ----------------------------------------------------------------------------------

poised_is_up() {
	log_says ': ready' || ! kill -0 "$poised_pid" 2>/dev/null
}

# poised_launch [OPTION…] PATH…: starts it, and does not wait.
poised_launch() {
	# shellcheck disable=SC2317 # the trap runs it
	poised_clean_up() {
		poised_kill
		lib_clean_up
	}
	trap poised_clean_up EXIT
	log_forget
	"$BUILD/poised" --log stderr --state-dir "$dir/state" --run-dir "$dir/run" \
		"${poised_options[@]}" "$@" >>"$dir/log" 2>&1 </dev/null &
	poised_pid=$!
}

# poised_start [OPTION…] PATH…: and waits until its first reconcile is over. A case that cannot
# start it has failed.
poised_start() {
	local took waited
	poised_launch "$@"
	if ! until_soon 30000 poised_is_up || ! kill -0 "$poised_pid" 2>/dev/null; then
		fail "poised does not start: $*"
		details "$dir/log"
		exit 1
	fi
}

# poised_stop: in order, with status 0.
poised_stop() {
	local status
	kill -TERM "$poised_pid"
	wait "$poised_pid"
	status=$?
	poised_pid=
	same "poised stops when it is told" 0 "$status"
	# What the supervisor runs ends with its own status, which only the log knows.
	if grep -q 'has ended with code\|was ended by signal \(6\|11\) ' <<<"$(sed '1,/: stopping$/d' "$dir/log")"; then
		fail "a process of it stumbles at the end"
		details "$dir/log"
	fi
	if [[ $poised_sanitized ]] && grep -q 'Sanitizer\|runtime error' "$dir/log"; then
		fail "a sanitizer complains"
		details "$dir/log"
	fi
}

# poised_is_gone PID: perhaps nobody has waited for it so far.
poised_is_gone() {
	local stat
	IFS= read -r stat <"/proc/$1/stat" || return 0
	[[ $stat == *') Z '* ]]
} 2>/dev/null

# poised_kill: as the kernel would, all of it; its processes end with the supervisor.
poised_kill() {
	local reconciler took waited
	[[ -n $poised_pid ]] || return 0
	reconciler=$(poised_process reconciler)
	kill -KILL "$poised_pid" ${reconciler:+"$reconciler"} 2>/dev/null
	wait "$poised_pid" 2>/dev/null
	[[ -z $reconciler ]] || until_soon 20000 poised_is_gone "$reconciler"
	poised_pid=
}

# no_half_file: nothing of a file that poised began to write is left. While it writes one, there is.
no_half_file() {
	[[ -z $(compgen -G "$dir/state/*.??????") ]]
}

# poised_process NAME: the pid of that process of its tree, when it runs.
poised_process() {
	local pid words
	for pid in $(</proc/"$poised_pid"/task/"$poised_pid"/children); do
		IFS= read -rd '' words <"/proc/$pid/cmdline"
		[[ $words == "poised-$1" ]] && echo "$pid"
	done 2>/dev/null
}

# rss_of PID: its resident memory in KiB.
rss_of() {
	local name value
	while read -r name value _; do
		[[ $name == VmRSS: ]] && echo "$value"
	done <"/proc/$1/status"
}

# --- What it says ------------------------------------------------------------------------------

# ctl METHOD [ARGUMENT…]: its answer, JSON.
ctl() {
	poise ctl "$@"
}

# read_metrics: what it serves, into $metrics.
read_metrics() {
	local fd
	metrics=
	exec {fd}<>"/dev/tcp/127.0.0.1/$poised_metrics_port" || return 1
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$fd"
	IFS= read -rd '' -t 30 -u "$fd" metrics
	exec {fd}>&-
	[[ $metrics == HTTP/1.?\ 200* ]]
} 2>/dev/null

# metric NAME[{LABELS}]: its value, as it is served now, into $value.
metric() {
	local line lines
	value=
	read_metrics || return 1
	mapfile -t lines <<<"$metrics"
	for line in "${lines[@]}"; do
		line=${line%$'\r'}
		[[ $line == "$1 "* ]] && value=${line##* }
	done
	[[ -n $value ]]
}

# metric_is NAME[{LABELS}] VALUE
metric_is() {
	local value
	metric "$1" && [[ $value == "$2" ]]
}

# shows_metric TEXT NAME[{LABELS}] VALUE [MILLISECONDS]: within 10 seconds, or so long, it has that
# value.
shows_metric() {
	local took waited value
	if until_soon "${4:-10000}" metric_is "$2" "$3"; then
		ok "$1"
		return
	fi
	metric "$2"
	fail "$1 ($2 is ${value:-not there}, not $3)"
	return 1
}
