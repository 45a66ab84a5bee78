/* SPDX-License-Identifier: ISC */
/* privdrop - give up the privileges of root permanently. */
#ifndef COMMON_PRIVDROP_H
#define COMMON_PRIVDROP_H

#include <sys/types.h>

#include <stdbool.h>

struct identity {
	uid_t uid;
	gid_t gid;
};

/*
 * Looks up a user. If user is "", or if the process was not started as root, the result is the
 * current identity. False if the user does not exist, or is root: *error is the reason, a static
 * text.
 */
bool privdrop_identity(struct identity *id, const char *user, const char **error);

/*
 * The same for the daemon's user. If user is srsd, the user that a package creates, and does not
 * exist, the result is the user nobody, and *instead is that name, a static text. Otherwise
 * *instead is NULL.
 */
bool privdrop_daemon(
    struct identity *id, const char *user, const char **instead, const char **error);

/* Makes dir the root directory; "" changes nothing. False: errno is set. */
bool privdrop_chroot(const char *dir);

/*
 * Drops the capabilities that a monitor does not need, and forbids new privileges. The monitor
 * keeps SETUID, SETGID and SYS_CHROOT for the engines that it forks, KILL to signal them,
 * DAC_READ_SEARCH to read the files of the daemon's user, CHOWN to change the owner of the control
 * socket, and NET_BIND_SERVICE for ports below 1024. False: errno is set.
 */
bool privdrop_limit(void);

/*
 * Changes to a user, its group and no other groups, unless it is the current user. Checks that root
 * cannot be regained. Drops all capabilities, and forbids new privileges and core dumps. False:
 * errno is set, and the process must not continue.
 */
bool privdrop_become(const struct identity *id);

/*
 * Tries something as another user, in a child process, where ask returns 0 or an errno. Returns
 * that, or the errno of a failure before it.
 */
int privdrop_try(const struct identity *id, int (*ask)(const char *arg), const char *arg);

#endif
