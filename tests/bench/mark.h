/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What a program of the guest does to have its instructions counted (count.c):
 * it runs an instruction that does nothing, nopl NUMBER(%rax,%rax,1), with one
 * of two numbers that nobody else uses.
 */
#ifndef _OZP_BENCH_MARK_H
#define _OZP_BENCH_MARK_H

#define MARK_SIZE 8
#define MARK_START "\x0f\x1f\x84\x00pzo\x01"
#define MARK_STOP "\x0f\x1f\x84\x00pzo\x02"

static inline void mark_start(void)
{
	__asm__ volatile("nopl 0x016f7a70(%%rax,%%rax,1)" ::: "memory");
}

static inline void mark_stop(void)
{
	__asm__ volatile("nopl 0x026f7a70(%%rax,%%rax,1)" ::: "memory");
}

#endif /* _OZP_BENCH_MARK_H */
