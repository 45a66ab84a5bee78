# SPDX-License-Identifier: ISC
# Completion of srsctl(8) for bash. srsctl itself lists the words, from its table of commands.

_srsctl() {
	local program=${COMP_WORDS[0]} word

	type -P "$program" >/dev/null || program=/usr/sbin/srsctl
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		case $word in
		:file) compopt -o default ;;
		:directory) compopt -o dirnames ;;
		*) COMPREPLY+=("$word") ;;
		esac
	done < <("$program" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -F _srsctl srsctl
