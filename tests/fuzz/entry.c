// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* The whole of ozctl as a function: libFuzzer has a main() of its own. */
#define main ozctl_main
int main(int argc, char **argv);
#include "../../userspace/ozctl/main.c"
