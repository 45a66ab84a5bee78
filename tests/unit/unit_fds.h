/* SPDX-License-Identifier: ISC */
/*
 * unit_fds - the number of descriptors that this process has open: a test must close those that it
 * opens.
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
