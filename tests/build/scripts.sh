#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# Shell scripts pass shellcheck, Python files compile.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for style || exit 1

# By name, or by the first line for those without one.
shell_scripts()
{
	local file line

	project_files | while read -r file; do
		case $file in
		*.sh | *.bash) echo "$file" ;;
		*.*) ;;
		*)
			IFS= read -r line <"$file"
			[[ ! $line =~ ^#!.*sh$ ]] || echo "$file"
			;;
		esac
	done
}

# Those that shellcheck reads together with others, as these say so.
sourced_scripts()
{
	local names file

	names=$(sed -n 's/^# shellcheck .*source=\(.*\/\)\?//p' "$@")
	for file; do
		! grep -qxF -e "${file##*/}" <<<"$names" || echo "$file"
	done
}

python_compiles()
{
	python3 - "$1" <<'END'
import sys
compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec")
END
}

mapfile -t files < <(shell_scripts)
mapfile -t sourced < <(sourced_scripts "${files[@]}")
passed_needs .shellcheckrc "${sourced[@]}"
for file in "${files[@]}"; do
	check_files "shellcheck $file" shellcheck -x -- "$file"
done
mapfile -t files < <(project_files '*.py')
for file in "${files[@]}"; do
	check "python $file" python_compiles "$file"
done
tap_done
