/* SPDX-License-Identifier: ISC */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/buffer.h"
#include "common/file.h"
#include "common/log.h"
#include "common/privdrop.h"
#include "common/xmalloc.h"
#include "srsd/ctl/secret_file.h"
#include "srsd/srs/srs_keys.h"

#define HISTORY_MAX (64 * 1024)

static const char history_head[] = "# kept by srsctl: fingerprint, made at, signed until\n";

struct secret {
	char *bytes;
	size_t len;
	struct srs_secret_past past;
};

struct secret_file {
	char *path; /* as the configuration has it */
	char *name; /* in its directory */
	char *history;
	int dir;
	bool lost; /* the history lists secrets, but the file had none */
	struct secret_owner owner;
	size_t n;
	struct secret secret[SRS_KEYS_MAX + 1]; /* one more than can be written */
};

PRINTF_LIKE(2, 3)
static bool
set_file_error(char error[SECRET_FILE_ERROR_SIZE], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, SECRET_FILE_ERROR_SIZE, fmt, ap);
	va_end(ap);
	return false;
}

static bool
open_secret_directory(struct secret_file *f, char error[SECRET_FILE_ERROR_SIZE])
{
	char *path = xstrdup(f->path), *slash = strrchr(path, '/');
	bool ok;

	f->name = xstrdup(slash == NULL ? path : slash + 1);
	xasprintf(&f->history, "%s.history", f->name);
	if (slash == NULL)
		strlcpy(path, ".", 2);
	else
		slash[slash == path] = '\0';
	f->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = f->dir != -1 || set_file_error(error, "%s: %s", path, strerror(errno));
	free(path);
	return ok;
}

/* is_directory_safe - false when another user could replace the files */
static bool
is_directory_safe(const struct secret_file *f, char error[SECRET_FILE_ERROR_SIZE])
{
	struct stat st;

	if (fstat(f->dir, &st) == -1)
		return set_file_error(error, "directory of %s: %s", f->path, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return set_file_error(error,
		    "directory of %s: owned by another user; chown it to root, or run srsctl as its owner",
		    f->path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return set_file_error(error,
		    "directory of %s: other users can write to it; run: chmod go-w", f->path);
	return true;
}

/* lock_secret_directory - not the files, which are replaced */
static bool
lock_secret_directory(const struct secret_file *f, char error[SECRET_FILE_ERROR_SIZE])
{
	if (flock(f->dir, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK) {
		log_warnx("%s: locked by another srsctl; waiting", f->path);
		log_flush();
		while (flock(f->dir, LOCK_EX) == -1)
			if (errno != EINTR)
				return set_file_error(error, "%s: %s", f->path, strerror(errno));
		return true;
	}
	return set_file_error(error, "%s: %s", f->path, strerror(errno));
}

/* find_regular_file - 1: it exists; 0: it does not; -1: an error, such as a link */
static int
find_regular_file(const struct secret_file *f, const char *name, char error[SECRET_FILE_ERROR_SIZE])
{
	struct stat st;

	if (fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return 0;
		set_file_error(error, "%s: %s", f->path, strerror(errno));
		return -1;
	}
	if (S_ISLNK(st.st_mode)) {
		set_file_error(error,
		    "%s: %s is a symbolic link; set secrets-file to the file itself", f->path,
		    name);
		return -1;
	}
	if (S_ISREG(st.st_mode) && st.st_nlink > 1) {
		set_file_error(error, "%s: %s has another hard link; remove that", f->path, name);
		return -1;
	}
	return 1;
}

static bool
init_secret(struct secret *secret, const char *bytes, size_t len)
{
	memset(secret, 0, sizeof(*secret));
	secret->bytes = xstrndup(bytes, len);
	secret->len = len;
	return srs_mac_fingerprint(bytes, len, secret->past.fingerprint);
}

static bool
parse_secrets(struct secret_file *f, const struct file *file, char error[SECRET_FILE_ERROR_SIZE])
{
	const char *s = file->data, *end = file->data + file->len, *why, *bytes;
	struct srs_keys *keys;
	unsigned line;
	size_t len;

	keys = srs_keys_parse(file->data, file->len, &line, &why);
	if (keys == NULL && line == 0)
		return true; /* an empty file */
	if (keys == NULL)
		return set_file_error(error, "%s:%u: %s", f->path, line, why);
	srs_keys_free(&keys);
	line = 0;
	while ((bytes = srs_keys_next(&s, end, &len, &line)) != NULL)
		if (!init_secret(&f->secret[f->n++], bytes, len))
			return set_file_error(error, "libcrypto does not support HMAC-SHA256");
	return true;
}

/* read_secrets - and the owner and mode of the file, which a new file gets as well */
static bool
read_secrets(
    struct secret_file *f, bool change, time_t *changed, char error[SECRET_FILE_ERROR_SIZE])
{
	const struct identity daemon = { f->owner.daemon, f->owner.gid };
	const char *why = NULL;
	struct file file;
	bool ok;

	if (!file_read_at(&file, f->dir, f->name, SRS_KEYS_FILE_MAX, &why))
		return set_file_error(error, "%s: %s", f->path, why);
	if (change)
		why = srs_keys_file_error(&file.st, &daemon);
	f->owner.uid = file.st.st_uid;
	f->owner.gid = file.st.st_gid;
	f->owner.mode = file.st.st_mode & (S_IRWXU | S_IRWXG);
	*changed = file.st.st_mtime;
	ok = why == NULL ? parse_secrets(f, &file, error)
			 : set_file_error(error, "%s: %s", f->path, why);
	file_free(&file);
	return ok;
}

static bool
read_secret_history(struct secret_file *f, time_t changed, char error[SECRET_FILE_ERROR_SIZE])
{
	struct file file = { .data = NULL };
	const char *why;
	size_t i;
	int there = find_regular_file(f, f->history, error);

	if (there == -1)
		return false;
	if (there == 1 && !file_read_at(&file, f->dir, f->history, HISTORY_MAX, &why))
		return set_file_error(error, "%s.history: %s", f->path, why);
	for (i = 0; i < f->n; i++)
		srs_secret_past_find(
		    &f->secret[i].past, there == 1 ? file.data : "", file.len, i == 0, changed);
	f->lost = f->n == 0 && there == 1 && file.len > sizeof(history_head) - 1;
	file_free(&file);
	return true;
}

static bool
load_secret_files(struct secret_file *f, bool change, char error[SECRET_FILE_ERROR_SIZE])
{
	time_t changed = 0;
	int there;

	if (!open_secret_directory(f, error) ||
	    (change && (!is_directory_safe(f, error) || !lock_secret_directory(f, error))))
		return false;
	there = find_regular_file(f, f->name, error);
	if (there == -1)
		return false;
	return ((there == 0 && change) || read_secrets(f, change, &changed, error)) &&
	       read_secret_history(f, changed, error);
}

struct secret_file *
secret_file_open(
    const char *path, const struct secret_owner *owner, char error[SECRET_FILE_ERROR_SIZE])
{
	struct secret_file *f = xcalloc(1, sizeof(*f));

	f->path = xstrdup(path);
	f->dir = -1;
	if (owner != NULL)
		f->owner = *owner;
	if (!load_secret_files(f, owner != NULL, error))
		secret_file_close(&f);
	return f;
}

static void
wipe_secret(struct secret *secret)
{
	freezero(secret->bytes, secret->len);
	secret->bytes = NULL;
}

void
secret_file_forget(struct secret_file *f)
{
	while (f->n > 0)
		wipe_secret(&f->secret[--f->n]);
}

void
secret_file_close(struct secret_file **fp)
{
	struct secret_file *f = *fp;

	if (f == NULL)
		return;
	secret_file_forget(f);
	if (f->dir != -1)
		close(f->dir);
	free(f->path);
	free(f->name);
	free(f->history);
	free(f);
	*fp = NULL;
}

struct secret_owner
secret_file_new_owner(const struct settings *settings)
{
	struct secret_owner owner = { .mode = S_IRUSR | S_IWUSR };
	const char *error;
	struct identity id;

	owner.uid = geteuid();
	owner.gid = getegid();
	owner.daemon = owner.uid;
	if (owner.uid == 0 && privdrop_identity(&id, settings->unprivileged_user, &error)) {
		owner.gid = id.gid;
		owner.daemon = id.uid;
		owner.mode |= S_IRGRP;
	}
	return owner;
}

size_t
secret_file_count(const struct secret_file *f)
{
	return f->n;
}

bool
secret_file_has_lost(const struct secret_file *f)
{
	return f->lost;
}

const struct srs_secret_past *
secret_file_past(const struct secret_file *f, size_t number)
{
	return &f->secret[number].past;
}

int
secret_file_find(const struct secret_file *f, const char *fingerprint)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcasecmp(f->secret[i].past.fingerprint, fingerprint) == 0)
			return (int)i;
	return -1;
}

struct srs_keys *
secret_file_keys(const struct secret_file *f, size_t number)
{
	const char *error;
	unsigned line;

	return srs_keys_parse(f->secret[number].bytes, f->secret[number].len, &line, &error);
}

/* move_secret - from one position to another; those in between shift by one */
static void
move_secret(struct secret_file *f, size_t from, size_t to)
{
	struct secret moved = f->secret[from];

	if (from > to)
		memmove(&f->secret[to + 1], &f->secret[to], (from - to) * sizeof(moved));
	else
		memmove(&f->secret[from], &f->secret[from + 1], (to - from) * sizeof(moved));
	f->secret[to] = moved;
}

/* make_secret_first - it signs from now on, and the previous first one stops */
static void
make_secret_first(struct secret_file *f, size_t number, time_t now)
{
	if (number != 0)
		secret_file_stop(f, 0, now);
	f->secret[number].past.state = SECRET_SIGNS;
	move_secret(f, number, 0);
}

bool
secret_file_add(struct secret_file *f, const char *bytes, bool last, time_t now)
{
	struct secret *secret = &f->secret[f->n];

	f->n++;
	if (!init_secret(secret, bytes, strlen(bytes)))
		return false;
	secret->past.created = now;
	secret->past.state = SECRET_UNUSED;
	if (!last || f->n == 1)
		make_secret_first(f, f->n - 1, now);
	return true;
}

void
secret_file_promote(struct secret_file *f, size_t number, time_t now)
{
	make_secret_first(f, number, now);
}

void
secret_file_stop(struct secret_file *f, size_t number, time_t now)
{
	f->secret[number].past.state = SECRET_STOPPED;
	f->secret[number].past.stopped = now;
}

void
secret_file_remove(struct secret_file *f, size_t number)
{
	move_secret(f, number, f->n - 1);
	wipe_secret(&f->secret[--f->n]);
	if (f->n > 0)
		f->secret[0].past.state = SECRET_SIGNS;
}

static bool
write_secret_bytes(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == -1)
			return false;
	}
	return true;
}

/* set_secret_owner - chown before chmod, because chown may clear bits of the mode */
static bool
set_secret_owner(int fd, const struct secret_owner *owner)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	if ((st.st_uid != owner->uid || st.st_gid != owner->gid) &&
	    fchown(fd, owner->uid, owner->gid) == -1)
		return false;
	return fchmod(fd, owner->mode) == 0;
}

/* replace_secret_file - write a temporary file and rename it; false with errno set */
static bool
replace_secret_file(const struct secret_file *f, const char *name, const char *data, size_t len)
{
	char *temporary;
	int fd, saved;
	bool ok;

	/* With the lock held, an existing temporary file is left over from a killed srsctl. */
	xasprintf(&temporary, ".%s.new", name);
	unlinkat(f->dir, temporary, 0);
	fd = openat(f->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	ok = fd != -1 && write_secret_bytes(fd, data, len) && set_secret_owner(fd, &f->owner) &&
	     fsync(fd) == 0 && renameat(f->dir, temporary, f->dir, name) == 0;
	saved = errno;
	if (fd != -1)
		close(fd);
	if (fd != -1 && !ok)
		unlinkat(f->dir, temporary, 0);
	free(temporary);
	errno = saved;
	return ok && fsync(f->dir) == 0;
}

/*
 * write_secret_history - before the secrets: a premature entry is detected when it is read, a
 * missing one is not
 */
static bool
write_secret_history(const struct secret_file *f)
{
	struct buffer text = { .data = NULL };
	char line[SECRET_PAST_LINE_SIZE];
	size_t i;
	bool ok;

	buffer_add(&text, history_head, strlen(history_head));
	for (i = 0; i < f->n; i++) {
		srs_secret_past_line(&f->secret[i].past, line);
		buffer_add(&text, line, strlen(line));
	}
	ok = replace_secret_file(f, f->history, text.data, text.len);
	buffer_free(&text);
	return ok;
}

/* join_secrets - one per line; wipe the result with freezero(data, size) */
static struct buffer
join_secrets(const struct secret_file *f)
{
	struct buffer text = { .size = 1 };
	size_t i;

	for (i = 0; i < f->n; i++)
		text.size += f->secret[i].len + 1;
	text.data = xmalloc(text.size); /* realloc(3) would leave a copy in freed memory */
	for (i = 0; i < f->n; i++) {
		buffer_add(&text, f->secret[i].bytes, f->secret[i].len);
		buffer_add(&text, "\n", 1);
	}
	return text;
}

bool
secret_file_write(struct secret_file *f, char error[SECRET_FILE_ERROR_SIZE])
{
	struct srs_keys *keys;
	const char *why;
	unsigned line;
	struct buffer text = join_secrets(f);
	bool ok;

	keys = srs_keys_parse(text.data, text.len, &line, &why);
	if (keys == NULL)
		ok = set_file_error(error, "%s: %s", f->path, why);
	else if (!write_secret_history(f))
		ok = set_file_error(error, "%s.history: %s", f->path, strerror(errno));
	else if (!replace_secret_file(f, f->name, text.data, text.len))
		ok = set_file_error(error, "%s: %s", f->path, strerror(errno));
	else
		ok = true;
	srs_keys_free(&keys);
	freezero(text.data, text.size);
	return ok;
}
