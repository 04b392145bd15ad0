# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Completion of ringload for bash: commands, options and the words an option takes, read from the
# program's own help, so that it knows what this version knows.

_ringload() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]} help words

	if [ "$COMP_CWORD" = 1 ]; then
		words=$("$program" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$words --help --version" -- "$word")
		return
	fi
	help=$("$program" "$command" --help 2>/dev/null) || return
	# "  -c, --connections N", "      --pacing auto|spin|sleep"
	words=
	[[ $before != --* ]] ||
		words=$(sed -n "s/^  .*${before//[^a-z-]/} \([A-Za-z|]*\).*/\1/p" <<<"$help" | head -n 1)
	case $before:$words in
	-*:*'|'*) mapfile -t COMPREPLY < <(compgen -W "${words//|/ }" -- "$word") ;;
	-*:FILE) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	*)
		words=$(sed -n 's/^  \(-[a-zA-Z],\|   \) \(--[a-z][a-z-]*\).*/\2/p' <<<"$help")
		[ "$command" != help ] ||
			words+=" $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		;;
	esac
}

complete -o default -F _ringload ringload
