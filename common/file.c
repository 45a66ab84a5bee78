/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/xmalloc.h"

static bool
read_whole_file(struct file *file, int fd, const char **error)
{
	ssize_t n;

	while (file->len < (size_t)file->st.st_size) {
		n = read(fd, file->data + file->len, (size_t)file->st.st_size - file->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			*error = strerror(errno);
			return false;
		}
		if (n == 0)
			break;
		file->len += (size_t)n;
	}
	file->data[file->len] = '\0';
	return true;
}

/* Do not wait for a FIFO, and do not acquire a controlling terminal. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* read_descriptor - read and close a descriptor; -1 is that of a failed open(2) */
static bool
read_descriptor(struct file *file, int fd, size_t max, const char **error)
{
	bool ok = false;

	memset(file, 0, sizeof(*file));
	if (fd == -1 || fstat(fd, &file->st) == -1)
		*error = strerror(errno);
	else if (!S_ISREG(file->st.st_mode))
		*error = "not a regular file";
	else if ((size_t)file->st.st_size > max)
		*error = FILE_TOO_LARGE;
	else {
		file->data = xmalloc((size_t)file->st.st_size + 1);
		ok = read_whole_file(file, fd, error);
	}
	if (fd != -1)
		close(fd);
	if (!ok)
		file_free(file);
	return ok;
}

bool
file_read(struct file *file, const char *path, size_t max, const char **error)
{
	return read_descriptor(file, open(path, OPEN_FLAGS), max, error);
}

bool
file_read_at(struct file *file, int directory, const char *name, size_t max, const char **error)
{
	return read_descriptor(file, openat(directory, name, OPEN_FLAGS | O_NOFOLLOW), max, error);
}

void
file_free(struct file *file)
{
	if (file->data != NULL)
		freezero(file->data, (size_t)file->st.st_size + 1);
	file->data = NULL;
	file->len = 0;
}
