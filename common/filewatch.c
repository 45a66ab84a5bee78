/* SPDX-License-Identifier: ISC */
#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/filewatch.h"
#include "common/xmalloc.h"

#define EVENTS_SIZE 4096 /* bytes, for some dozens of events */

/* Symbolic links that are followed. */
#define LINKS_MAX 8

/* Paths that are watched: the links, the file, and the file itself. */
#define PLACES_MAX (LINKS_MAX + 2)

/* A path, watched through its directory; or, for the file itself, through its inode. */
struct watched_place {
	int wd;
	char *path;
	bool is_inode;
};

struct filewatch {
	int fd;
	char *path;
	size_t n;
	struct watched_place place[PLACES_MAX];
};

static bool
add_watched_place(
    struct filewatch *watch, const char *path, const char *at, uint32_t events, bool is_inode)
{
	int wd = inotify_add_watch(watch->fd, at, events);

	if (wd != -1)
		watch->place[watch->n++] = (struct watched_place){ wd, xstrdup(path), is_inode };
	return wd != -1;
}

/* watch_directory - watch that of a path; is_event_about ignores files that are still open */
static bool
watch_directory(struct filewatch *watch, const char *path)
{
	char *copy = xstrdup(path);
	bool ok = add_watched_place(
	    watch, path, dirname(copy), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE, false);

	free(copy);
	return ok;
}

/* watch_missing_directory - watch the nearest existing ancestor until the directory is created */
static void
watch_missing_directory(struct filewatch *watch, const char *path)
{
	char *copy = xstrdup(path), *directory = copy;

	do
		directory = dirname(directory);
	while (directory[1] != '\0' && !watch_directory(watch, directory));
	free(copy);
}

/* read_link - the path that a link leads to; NULL if path is not a link. The caller frees it. */
static char *
read_link(const char *path)
{
	char target[PATH_MAX], *copy, *result;
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len <= 0 || len == sizeof(target) - 1)
		return NULL;
	target[len] = '\0';
	if (target[0] == '/')
		return xstrdup(target);
	copy = xstrdup(path);
	xasprintf(&result, "%s/%s", dirname(copy), target);
	free(copy);
	return result;
}

static bool
is_watched(const struct filewatch *watch, int wd)
{
	size_t i;

	for (i = 0; i < watch->n; i++)
		if (watch->place[i].wd == wd)
			return true;
	return false;
}

/* forget_places - stop watching the earlier places that are no longer needed */
static void
forget_places(const struct filewatch *watch, struct watched_place *place, size_t n)
{
	while (n-- > 0) {
		if (!is_watched(watch, place[n].wd))
			inotify_rm_watch(watch->fd, place[n].wd);
		free(place[n].path);
	}
}

/* watch_places - replace the places that are watched */
static void
watch_places(struct filewatch *watch)
{
	char *path = xstrdup(watch->path), *target;
	struct watched_place old[PLACES_MAX];
	size_t n = watch->n;
	unsigned links;
	bool ok;

	memcpy(old, watch->place, sizeof(old));
	watch->n = 0;
	for (links = 0;; links++) {
		ok = watch_directory(watch, path);
		target = ok && links < LINKS_MAX ? read_link(path) : NULL;
		if (target == NULL)
			break;
		free(path);
		path = target;
	}
	if (ok)
		add_watched_place(watch, path, path, IN_CLOSE_WRITE, true);
	else
		watch_missing_directory(watch, path);
	free(path);
	forget_places(watch, old, n);
}

struct filewatch *
filewatch_new(const char *path)
{
	struct filewatch *watch = xcalloc(1, sizeof(*watch));
	int error;

	watch->path = xstrdup(path);
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd == -1 || !watch_directory(watch, path)) {
		error = errno;
		filewatch_free(&watch);
		errno = error;
		return NULL;
	}
	watch_places(watch);
	return watch;
}

int
filewatch_fd(const struct filewatch *watch)
{
	return watch == NULL ? -1 : watch->fd;
}

static bool
is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* get_last_name - the last component of a path */
static const char *
get_last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
is_event_about(const struct inotify_event *event, const struct watched_place *place)
{
	if (event->wd != place->wd)
		return false;
	if (place->is_inode)
		return (event->mask & IN_CLOSE_WRITE) != 0;
	if (event->len == 0 || strcmp(event->name, get_last_name(place->path)) != 0)
		return false;
	/* A link or a directory is complete when it is created. */
	return (event->mask & IN_CREATE) == 0 || (event->mask & IN_ISDIR) != 0 ||
	       is_link(place->path);
}

/* is_change - lost events (IN_Q_OVERFLOW) may have been about any file */
static bool
is_change(const struct filewatch *watch, const struct inotify_event *event)
{
	size_t i;

	for (i = 0; i < watch->n; i++)
		if (is_event_about(event, &watch->place[i]))
			return true;
	return (event->mask & IN_Q_OVERFLOW) != 0;
}

/* is_place_gone - a directory or the file was removed */
static bool
is_place_gone(const struct filewatch *watch, const struct inotify_event *event)
{
	size_t i;

	for (i = 0; i < watch->n; i++)
		if ((event->mask & IN_IGNORED) != 0 && event->wd == watch->place[i].wd)
			return true;
	return false;
}

bool
filewatch_changed(struct filewatch *watch)
{
	char events[EVENTS_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	bool changed = false, gone = false;
	ssize_t n, at;

	while ((n = read(watch->fd, events, sizeof(events))) > 0) {
		for (at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(const void *)(events + at);
			changed = changed || is_change(watch, event);
			gone = gone || is_place_gone(watch, event);
		}
	}
	/* A link may lead elsewhere now. */
	if (changed || gone)
		watch_places(watch);
	return changed;
}

void
filewatch_free(struct filewatch **watchp)
{
	struct filewatch *watch = *watchp;

	if (watch == NULL)
		return;
	while (watch->n > 0)
		free(watch->place[--watch->n].path);
	if (watch->fd != -1)
		close(watch->fd);
	free(watch->path);
	free(watch);
	*watchp = NULL;
}
