# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion for poise-dataplane(8).

# _poise_dataplane_value OPTION CURRENT: what follows an option as its value; 1 when it takes none.
_poise_dataplane_value() {
	case $1 in
	--netns)
		mapfile -t COMPREPLY < <(compgen -W "$(ls /run/netns 2>/dev/null)" -- "$2")
		;;
	--state-dir | --run-dir)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	--log) mapfile -t COMPREPLY < <(compgen -W 'auto stderr journal syslog' -- "$2") ;;
	--log-level)
		mapfile -t COMPREPLY < <(compgen -W 'error warning notice info debug' -- "$2")
		;;
	*) return 1 ;;
	esac
}

_poise_dataplane() {
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]:-}

	COMPREPLY=()
	# bash cuts --OPTION=VALUE at the `=`.
	if [[ $current == = ]]; then
		current=
	elif [[ $before == = && $COMP_CWORD -gt 1 ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	_poise_dataplane_value "$before" "$current" && return
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--check --netns --state-dir --run-dir --log
			--log-level --help --version' -- "$current")
		return
	fi
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

complete -F _poise_dataplane poise-dataplane
