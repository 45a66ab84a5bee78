# SPDX-License-Identifier: ISC
# Completion of srsctl(8) for fish. srsctl itself lists the words, from its table of commands.

function __srsctl_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l program $words[1]

	type -q -- "$program"; or set program /usr/sbin/srsctl
	for line in ($program complete $words[2..-1] "$current" 2>/dev/null)
		switch $line
			case :file
				__fish_complete_path "$current"
			case :directory
				__fish_complete_directories "$current"
			case '*'
				echo -- $line
		end
	end
end

complete -c srsctl -f -a '(__srsctl_complete)'
