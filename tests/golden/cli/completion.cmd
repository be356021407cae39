# SPDX-License-Identifier: GPL-2.0-or-later
. ../../../cli/completion/poise.bash
# Only the shell that completes has it.
compopt() { :; }
# complete_it WORD…: what is offered for the last word.
complete_it() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _poise; echo "$* -> ${COMPREPLY[*]}"; }

complete_it poise va
complete_it poise help sta
complete_it poise --netns lb1 -o json stat
complete_it poise apply --c
complete_it poise apply --color = a
complete_it poise apply --color =
complete_it poise apply --color=n
complete_it poise apply --color ''
complete_it poise get -o ''
complete_it poise import -o ''
complete_it poise import ''
complete_it poise drain 10.0.0.12 --f
complete_it poise drain 10.0.0.12 --for ''
complete_it poise drain 10.0.0.12 --for = 1
complete_it poise status --watch = ''
complete_it poise status --watch --a
complete_it poise ctl log
complete_it poise ctl -o json help susp
complete_it poise ctl help und
complete_it poise ctl log-level watch de
complete_it poise ctl log-level mod
complete_it poise ctl log-level level = ''
complete_it poise ctl checks ''
complete_it poise check 10.0.0.11 ../../../examples/health-checks.yaml --check ''
complete_it poise check 10.0.0.11 ../../../examples/health-checks.yaml --check = re
complete_it poise check 10.0.0.11 ../../../examples/health-checks.yaml --check=po
complete_it poise diff completion.c
complete_it poise diff --live completion.c
complete_it poise diff --out = completion.c

# What it offers is what there is: of commands, of their options, of methods.
sorted() { tr -s ' \t' '\n' | sed '/^$/d' | LC_ALL=C sort; }
commands=$(poise help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
diff <(sorted <<<"$commands") <(sorted <<<"$_poise_commands") && echo commands
bad=0
for command in $commands; do
	common=$_poise_common
	[[ $command != help ]] || common=${common/--format/}
	diff <(poise help "$command" | sed -n 's/^  \(    \|-., \)\(--[a-z-]*\).*/\2/p' | sorted) \
		<({ echo "$common"; _poise_options "$command"; } | sorted) || bad=$command
done
echo "options, wrong of: $bad"
parameters=$(for method in $_poise_methods; do _poise_parameters "$method"; done | tr -d =)
diff <(cat ../../../daemon/methods_*.c | sed -n 's/.*"\([a-z-]*\)", METHOD_PARAM_TYPE_.*/\1/p' | sorted | uniq) \
	<(sorted <<<"$parameters" | uniq) && echo parameters
diff <(sed -n 's/^	\.name = "\(.*\)",$/\1/p' ../../../daemon/methods_*.c | sorted) <(sorted <<<"$_poise_methods") && echo methods
