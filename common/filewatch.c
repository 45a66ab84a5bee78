/* SPDX-License-Identifier: ISC */
#include <sys/inotify.h>

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/filewatch.h"
#include "common/xmalloc.h"

#define EVENTS_SIZE 4096 /* bytes, for some dozens of events */

struct filewatch {
	int fd;
	char *name; /* in the directory */
};

static bool
watch_directory(const struct filewatch *watch, const char *path)
{
	char *copy = xstrdup(path);
	int wd = inotify_add_watch(watch->fd, dirname(copy), IN_CLOSE_WRITE | IN_MOVED_TO);

	free(copy);
	return wd != -1;
}

struct filewatch *
filewatch_new(const char *path)
{
	struct filewatch *watch = xcalloc(1, sizeof(*watch));
	char *copy = xstrdup(path);
	int error;

	watch->name = xstrdup(basename(copy));
	free(copy);
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd == -1 || !watch_directory(watch, path)) {
		error = errno;
		filewatch_free(&watch);
		errno = error;
	}
	return watch;
}

int
filewatch_fd(const struct filewatch *watch)
{
	return watch == NULL ? -1 : watch->fd;
}

/* is_event_about - lost events (IN_Q_OVERFLOW) may have been about any file */
static bool
is_event_about(const struct inotify_event *event, const char *name)
{
	return (event->mask & IN_Q_OVERFLOW) != 0 ||
	       (event->len > 0 && strcmp(event->name, name) == 0);
}

bool
filewatch_changed(struct filewatch *watch)
{
	char events[EVENTS_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	bool changed = false;
	ssize_t n, at;

	while ((n = read(watch->fd, events, sizeof(events))) > 0) {
		for (at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(const void *)(events + at);
			changed = changed || is_event_about(event, watch->name);
		}
	}
	return changed;
}

void
filewatch_free(struct filewatch **watchp)
{
	struct filewatch *watch = *watchp;

	if (watch == NULL)
		return;
	if (watch->fd != -1)
		close(watch->fd);
	free(watch->name);
	free(watch);
	*watchp = NULL;
}
