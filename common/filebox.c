/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/filebox.h"
#include "common/xmalloc.h"

struct kept_file {
	SLIST_ENTRY(kept_file) next;
	char *path;
	char *error; /* NULL: the file could be read */
	struct file file;
};

struct filebox {
	SLIST_HEAD(, kept_file) files;
	bool closed;
};

/* Precedes each file in the memory file. Its path, its error and its bytes follow. */
struct filebox_header {
	uint64_t path_len, error_len, data_len;
	uint64_t has_error; /* no bool: any value of its bytes is valid */
	struct stat st;
};

struct filebox *
filebox_new(void)
{
	struct filebox *box = xcalloc(1, sizeof(*box));

	SLIST_INIT(&box->files);
	return box;
}

void
filebox_free(struct filebox **boxp)
{
	struct filebox *box = *boxp;
	struct kept_file *kept;

	if (box == NULL)
		return;
	while ((kept = SLIST_FIRST(&box->files)) != NULL) {
		SLIST_REMOVE_HEAD(&box->files, next);
		file_free(&kept->file);
		free(kept->path);
		free(kept->error);
		free(kept);
	}
	free(box);
	*boxp = NULL;
}

static struct kept_file *
find_kept_file(const struct filebox *box, const char *path)
{
	struct kept_file *kept;

	SLIST_FOREACH (kept, &box->files, next)
		if (strcmp(kept->path, path) == 0)
			return kept;
	return NULL;
}

/* read_kept_file - read a file from the disk, and keep it or the error */
static struct kept_file *
read_kept_file(struct filebox *box, const char *path, size_t max)
{
	struct kept_file *kept = xcalloc(1, sizeof(*kept));
	const char *error;

	kept->path = xstrdup(path);
	if (!file_read(&kept->file, path, max, &error))
		kept->error = xstrdup(error);
	SLIST_INSERT_HEAD(&box->files, kept, next);
	return kept;
}

/* copy_file_bytes - a copy for the caller to free */
static struct file
copy_file_bytes(const struct file *file)
{
	struct file copy = *file;

	/* file_free wipes st_size + 1 bytes. */
	copy.data = xmalloc((size_t)file->st.st_size + 1);
	memcpy(copy.data, file->data, file->len + 1);
	return copy;
}

bool
filebox_read(
    struct filebox *box, struct file *file, const char *path, size_t max, const char **error)
{
	struct kept_file *kept;

	if (box == NULL)
		return file_read(file, path, max, error);
	kept = find_kept_file(box, path);
	if (kept == NULL && !box->closed)
		kept = read_kept_file(box, path, max);
	memset(file, 0, sizeof(*file));
	*error = "not among the files that the monitor read";
	if (kept == NULL)
		return false;
	*error = kept->error;
	if (kept->error != NULL)
		return false;
	*file = copy_file_bytes(&kept->file);
	return true;
}

static bool
write_box_bytes(int fd, const void *data, size_t len)
{
	const char *s = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, s, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
store_kept_file(int fd, const struct kept_file *kept)
{
	struct filebox_header header = {
		.path_len = strlen(kept->path),
		.error_len = kept->error == NULL ? 0 : strlen(kept->error),
		.data_len = kept->file.len,
		.has_error = kept->error != NULL,
		.st = kept->file.st,
	};

	return write_box_bytes(fd, &header, sizeof(header)) &&
	       write_box_bytes(fd, kept->path, header.path_len) &&
	       write_box_bytes(fd, kept->error, header.error_len) &&
	       write_box_bytes(fd, kept->file.data, header.data_len);
}

int
filebox_store(const struct filebox *box)
{
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, saved;
	int fd = memfd_create("srsd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const struct kept_file *kept;
	bool ok = fd != -1;

	if (!ok)
		return -1;
	SLIST_FOREACH (kept, &box->files, next)
		ok = ok && store_kept_file(fd, kept);
	if (ok && fcntl(fd, F_ADD_SEALS, seals) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* cut_box_bytes - the next len bytes, or NULL if fewer are left */
static const char *
cut_box_bytes(const char **s, size_t *left, uint64_t len)
{
	const char *taken = *s;

	if (len > *left)
		return NULL;
	*s += len;
	*left -= (size_t)len;
	return taken;
}

static bool
load_kept_file(struct filebox *box, const char **s, size_t *left)
{
	const char *bytes = cut_box_bytes(s, left, sizeof(struct filebox_header)), *path, *error,
		   *data;
	struct filebox_header header;
	struct kept_file *kept;

	if (bytes == NULL)
		return false;
	memcpy(&header, bytes, sizeof(header));
	path = cut_box_bytes(s, left, header.path_len);
	error = path == NULL ? NULL : cut_box_bytes(s, left, header.error_len);
	data = error == NULL ? NULL : cut_box_bytes(s, left, header.data_len);
	if (data == NULL)
		return false;
	kept = xcalloc(1, sizeof(*kept));
	kept->path = xstrndup(path, header.path_len);
	if (header.has_error)
		kept->error = xstrndup(error, header.error_len);
	kept->file.st = header.st;
	kept->file.len = header.data_len;
	kept->file.st.st_size = (off_t)header.data_len;
	kept->file.data = xmalloc(header.data_len + 1);
	memcpy(kept->file.data, data, header.data_len);
	kept->file.data[header.data_len] = '\0';
	SLIST_INSERT_HEAD(&box->files, kept, next);
	return true;
}

#define READ_CHUNK ((size_t)64 * 1024)

/* double_wiped_memory - double an allocation, and wipe the old memory */
static char *
double_wiped_memory(char *data, size_t *size)
{
	char *larger = xmalloc(*size * 2);

	memcpy(larger, data, *size);
	freezero(data, *size);
	*size *= 2;
	return larger;
}

/*
 * read_memory_file - read all bytes of a memory file
 *
 * Sets *len to their number, and *size to the size of the allocation. NULL: errno is set. It uses
 * only pread(2), because the sandbox refuses fstat(3) and lseek(2).
 */
static char *
read_memory_file(int fd, size_t *len, size_t *size)
{
	char *data = xmalloc(*size = READ_CHUNK);
	ssize_t n;

	*len = 0;
	while ((n = pread(fd, data + *len, *size - *len, (off_t)*len)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			freezero(data, *size);
			return NULL;
		}
		*len += (size_t)n;
		if (*len == *size)
			data = double_wiped_memory(data, size);
	}
	return data;
}

struct filebox *
filebox_load(int fd)
{
	struct filebox *box;
	size_t left, size;
	char *data = read_memory_file(fd, &left, &size);
	const char *s = data;
	bool ok = true;

	if (data == NULL)
		return NULL;
	box = filebox_new();
	box->closed = true;
	while (ok && left > 0)
		ok = load_kept_file(box, &s, &left);
	freezero(data, size);
	if (!ok) {
		filebox_free(&box);
		errno = EBADMSG;
	}
	return box;
}

bool
filebox_is_closed(const struct filebox *box)
{
	return box != NULL && box->closed;
}
