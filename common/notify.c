/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/notify.h"

static int notify_fd = -1;

/* The last state that the manager's queue had no room for, or "". */
static char unsent[128];

void
notify_open(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);

	if (len == 0)
		return;
	if (len >= sizeof(sun.sun_path) || (path[0] != '/' && path[0] != '@')) {
		log_warnx("NOTIFY_SOCKET: not the path of a socket");
		return;
	}
	memcpy(sun.sun_path, path, len);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify_fd == -1 ||
	    connect(notify_fd, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1) {
		log_warn("NOTIFY_SOCKET");
		notify_close();
	}
	unsetenv("NOTIFY_SOCKET");
}

static bool
try_notification(const char *state)
{
	return send(notify_fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL) != -1;
}

void
notify_send(const char *state)
{
	static struct log_limit limit;
	bool is_watchdog = strcmp(state, "WATCHDOG=1") == 0, full;

	if (notify_fd == -1)
		return;
	notify_retry(); /* first, to keep the order */
	if (try_notification(state)) {
		if (!is_watchdog)
			unsent[0] = '\0';
		return;
	}
	full = errno == EAGAIN;
	if (log_allows(&limit))
		log_warn("NOTIFY_SOCKET: cannot notify the service manager");
	if (full && !is_watchdog)
		strlcpy(unsent, state, sizeof(unsent));
}

bool
notify_pending(void)
{
	return unsent[0] != '\0';
}

void
notify_retry(void)
{
	if (notify_pending() && (try_notification(unsent) || errno != EAGAIN))
		unsent[0] = '\0';
}

void
notify_close(void)
{
	if (notify_fd != -1)
		close(notify_fd);
	notify_fd = -1;
	unsent[0] = '\0';
}
