/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/standard_files.h"

/* Of the first write to standard output that was seen to fail. */
static int output_errno;

bool
standard_files_open(void)
{
	static const struct {
		int fd, flags;
	} files[] = {
		/* open(2) returns the lowest number that is free. */
		{ STDIN_FILENO, O_RDONLY },
		{ STDOUT_FILENO, O_RDONLY },
		{ STDERR_FILENO, O_RDWR },
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (fcntl(files[i].fd, F_GETFD) == -1 &&
		    open("/dev/null", files[i].flags) != files[i].fd)
			return false;
	return true;
}

bool
standard_files_flush_output(void)
{
	if (fflush(stdout) != 0 && output_errno == 0)
		output_errno = errno;
	return !ferror(stdout);
}

bool
standard_files_end_output(const char **error)
{
	bool written = standard_files_flush_output();

	if (fclose(stdout) != 0 && output_errno == 0)
		output_errno = errno;
	if (written && output_errno == 0)
		return true;
	*error = output_errno == 0 ? "an earlier write has failed" : strerror(output_errno);
	return false;
}
