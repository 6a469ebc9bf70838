#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# The kernel's own checkpatch, strict, over the module, its interface and its unit
# tests; and its kernel-doc over their comments.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for style || exit 1
tools=$(kernel_tools) || exit 1

# Where it knows less than the kernel's own habits:
# - the lists of reasons are macros that take a macro of three arguments (name,
#   text, sentence), and not every user needs all three;
# - ethtool_puts, which it wants, is not in 6.1;
# - compat.h makes whole functions, whose arguments differ between kernels, by
#   a macro;
# - a trace event is laid out as in include/trace/events, where it looks away.
ignored()
{
	printf 'MACRO_ARG_UNUSED,PREFER_ETHTOOL_PUTS'
	[[ $1 != */compat.h ]] || printf ',%s' MACRO_WITH_FLOW_CONTROL
	[[ $1 != */trace*.h ]] ||
		printf ',%s' PARENTHESIS_ALIGNMENT OPEN_ENDED_LINE SPACING
}

checkpatch()
{
	perl "$tools/scripts/checkpatch.pl" --strict --no-tree --no-summary \
		--show-types --color=never --ignore "$(ignored "$1")" --file "$1"
}

kernel_doc()
{
	perl "$tools/scripts/kernel-doc" -none -Wall -Werror "$@"
}

passed_needs
# Both have to find a fault that is there.
scratch
cat >"$scratch/broken.c" <<'END'
// SPDX-License-Identifier: GPL-2.0
/**
 * broken() - says nothing of its argument
 */
int  broken(int argument) {
	return argument;
}
END
refuse "checkpatch finds a fault" checkpatch "$scratch/broken.c"
refuse "kernel-doc finds a fault" kernel_doc "$scratch/broken.c"

mapfile -t files < <(
	project_files 'kmod/*.[ch]' 'tests/kunit/*.[ch]' | handwritten
	project_files 'include/uapi/*.h'
)
for file in "${files[@]}"; do
	check_files "checkpatch $file" checkpatch -- "$file"
done
check_files "kernel-doc of ${#files[@]} files" kernel_doc -- "${files[@]}"
tap_done
