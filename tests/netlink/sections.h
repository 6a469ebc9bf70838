/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */

/* The sections of the test; each begins in a network namespace of its own. */

#ifndef _TEST_SECTIONS_H
#define _TEST_SECTIONS_H

void section_mirror(void);	/* the tables here are the uapi header's */
void section_malformed(void);	/* every attribute spoilt in every way */
void section_senseless(void);	/* well-formed, but meaningless */
void section_limits(void);	/* too many, and just enough */
void section_link(void);	/* link attributes */
void section_dump(void);	/* split dumps and their generation */
void section_notify(void);	/* multicast groups */
void section_clear(void);	/* service-clear and its conditions */
void section_parallel(void);	/* four clients at once */
void section_vanish(void);	/* devices deleted under requests */
void section_rights(void);	/* who may do what */
void section_memory(void);	/* each allocation fails once */

#endif /* _TEST_SECTIONS_H */
