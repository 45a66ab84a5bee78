/* SPDX-License-Identifier: ISC */
/*
 * privdrop - give up root for good.
 */
#ifndef COMMON_PRIVDROP_H
#define COMMON_PRIVDROP_H

#include <sys/types.h>

#include <stdbool.h>

struct identity {
	uid_t uid;
	gid_t gid;
};

/*
 * Looks the user up. For "" or when not started as root: the identity that we have. False with a
 * static reason when there is no such user, or it is root itself.
 */
bool privdrop_identity(struct identity *, const char *user, const char **error);

/*
 * The same for the daemon's user. Where the user that a package creates, srsd, is missing, the user
 * "nobody" is taken, and *instead is that name; otherwise NULL.
 */
bool privdrop_daemon(
    struct identity *id, const char *user, const char **instead, const char **error);

/* Makes dir the root folder; "" leaves it. False with errno set. */
bool privdrop_chroot(const char *dir);

/*
 * Drops the capabilities that a monitor does not need. It keeps SETUID, SETGID and SYS_CHROOT for
 * the engines that it forks, KILL to signal them, DAC_READ_SEARCH to read the files of the daemon's
 * user, CHOWN to give away the control socket, and NET_BIND_SERVICE for ports below 1024. Forbids
 * new privileges. False with errno set.
 */
bool privdrop_limit(void);

/*
 * Drops supplementary groups, group and user, unless they are ours already, and all capabilities;
 * proves that there is no way back, and forbids new privileges and core dumps. False with errno
 * set; the process must not go on then.
 */
bool privdrop_become(const struct identity *);

#endif
