/* SPDX-License-Identifier: ISC */
/*
 * unit_fds - how many descriptors this process has open: what a test took must be given back.
 */
#ifndef TESTS_UNIT_FDS_H
#define TESTS_UNIT_FDS_H

#include "tests/unit/unit.h"

#include <dirent.h>

static inline unsigned
unit_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

#endif
