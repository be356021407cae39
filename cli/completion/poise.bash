# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion for poise(1).

_poise_commands='validate diff apply confirm rollback status check history drain undrain suspend resume
	reload get import export schema ctl version help'
_poise_methods='help version status live desired dataplane facts routers checks plan history events log-level reload
	suspend resume drain undrain confirm rollback'
_poise_urls='tcp:// http:// https:// dns:// smtp:// ping:// udp://'
_poise_common='--format --netns --state-dir --run-dir --color --quiet --verbose --help --version'

# The names of the checks of the files on the line, else of /etc/poise.
_poise_checks() {
	local word i paths=()

	for ((i = 2; i < ${#COMP_WORDS[@]}; i++)); do
		word=${COMP_WORDS[i]/#\~\//$HOME/}
		[[ $i != "$COMP_CWORD" && $word != -* && -e $word ]] && paths+=("$word")
	done
	poise validate -o yaml "${paths[@]}" 2>/dev/null |
		sed -n '/^checks:/,/^[^ ]/s/^  \([^ ].*\):$/\1/p'
}

# _poise_value OPTION CURRENT COMMAND [=]: what follows an option as its value; 1 when it takes none.
_poise_value() {
	local option=$1 current=$2 formats='text json'

	case $option in
	-o | --format)
		case $3 in
		validate | check) formats='text json yaml' ;;
		get) formats='yaml json' ;;
		schema) formats='json' ;;
		import) formats='yaml' ;;
		export) formats='text' ;;
		help) formats='' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$current")
		;;
	--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current") ;;
	--netns)
		mapfile -t COMPREPLY < <(compgen -W "$(ls /run/netns 2>/dev/null)" -- "$current")
		;;
	--state-dir | --run-dir)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		;;
	--plan | --out)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	--live)
		[[ $3 == diff ]] || return 1
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	--confirm-timeout | --lock-timeout | --for)
		mapfile -t COMPREPLY < <(compgen -W '10s 60s 5m 1h' -- "$current")
		;;
	--watch)
		# Its value is optional, and never a word of its own.
		[[ $4 == = ]] || return 1
		mapfile -t COMPREPLY < <(compgen -W '1s 2s 10s' -- "$current")
		;;
	--check) mapfile -t COMPREPLY < <(compgen -W "$(_poise_checks)" -- "$current") ;;
	--backend) mapfile -t COMPREPLY < <(compgen -W 'ipvs dpdk' -- "$current") ;;
	--service | --limit) ;;
	-n) [[ $3 == history ]] || return 1 ;;
	*) return 1 ;;
	esac
}

_poise_options() {
	case $1 in
	diff) echo '--live --out --timing' ;;
	apply) echo '--plan --dry-run --confirm-timeout --force --replace --no-wait --lock-timeout' ;;
	confirm) echo '--no-wait --lock-timeout' ;;
	rollback) echo '--lock-timeout' ;;
	status) echo '--watch --all' ;;
	check) echo '--check' ;;
	history) echo '--limit' ;;
	drain) echo '--service --for --force' ;;
	undrain) echo '--service' ;;
	resume) echo '--confirm-timeout --force' ;;
	reload) echo '--force --confirm-timeout' ;;
	get) echo '--all --backend' ;;
	export) echo '--live --all' ;;
	schema) echo '--mdoc' ;;
	esac
}

# Prints how many arguments of the command stand before the current word, the command, and its first
# argument.
_poise_command() {
	local i word command='' first='' count=0

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-o | --format | --netns | --state-dir | --run-dir | --color | --plan | --out | \
			--backend | --confirm-timeout | --lock-timeout | --for | --service | --check | \
			-n | --limit)
			[[ ${COMP_WORDS[i + 1]-} == '=' ]] && ((i++))
			((i++))
			;;
		--live) [[ $command == export ]] || ((i++)) ;;
		--watch) [[ ${COMP_WORDS[i + 1]-} == '=' ]] && ((i += 2)) ;;
		-* | =) ;;
		*)
			if [[ -z $command ]]; then
				command=$word
			else
				first=${first:-$word}
				((count++))
			fi
			;;
		esac
	done
	echo "$count $command $first"
}

# The parameters of a method.
_poise_parameters() {
	case $1 in
	help) echo 'method=' ;;
	status) echo 'service= summary=' ;;
	checks) echo 'bad=' ;;
	routers) echo 'nonce=' ;;
	history) echo 'limit=' ;;
	log-level) echo 'module= level=' ;;
	reload) echo 'force= confirm-timeout=' ;;
	suspend) echo 'why=' ;;
	resume) echo 'confirm-timeout= force=' ;;
	drain) echo 'destination= service= for= force=' ;;
	undrain) echo 'destination= service=' ;;
	esac
}

# _poise_ctl METHOD CURRENT: a parameter of it, by name or by place.
_poise_ctl() {
	local places=''

	case $1 in
	help) places=$_poise_methods ;;
	log-level) places='common error warning notice info debug' ;;
	esac
	compopt -o nospace
	mapfile -t COMPREPLY < <(compgen -W "$places $(_poise_parameters "$1")" -- "$2")
}

_poise_arguments() {
	local command=$1 count=$2 current=$3 first=$4

	case $command:$count in
	help:0) mapfile -t COMPREPLY < <(compgen -W "$_poise_commands" -- "$current") ;;
	ctl:0) mapfile -t COMPREPLY < <(compgen -W "$_poise_methods" -- "$current") ;;
	ctl:*) _poise_ctl "$first" "$current" ;;
	check:0)
		compopt -o nospace
		mapfile -t COMPREPLY < <(compgen -W "$_poise_urls" -- "$current")
		;;
	import:0 | export:0) mapfile -t COMPREPLY < <(compgen -W 'ipvsadm' -- "$current") ;;
	validate:* | diff:* | apply:* | check:* | import:1 | export:*)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	esac
}

_poise() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command count first equals='' joined=''

	COMPREPLY=()
	read -r count command first < <(_poise_command)
	# --option=value arrives as three words, or as one where COMP_WORDBREAKS has no `=`.
	if [[ $current == --*=* ]]; then
		previous=${current%%=*}
		joined=$previous= equals='='
		current=${current#*=}
	elif [[ $current == '=' ]]; then
		current='' equals='='
	elif [[ $previous == '=' && $COMP_CWORD -ge 2 ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]} equals='='
	fi
	if _poise_value "$previous" "$current" "$command" "$equals"; then
		COMPREPLY=("${COMPREPLY[@]/#/$joined}")
		return
	fi
	[[ -z $equals ]] || return
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(
			compgen -W "$_poise_common $(_poise_options "$command")" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$_poise_commands" -- "$current")
	else
		_poise_arguments "$command" "$count" "$current" "$first"
	fi
}

complete -F _poise poise
