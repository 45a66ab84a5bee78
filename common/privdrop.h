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
 * Changes root folder (chroot_dir may be ""), drops supplementary groups, group and user, and
 * proves that there is no way back. Does nothing but chroot when uid is ours already. False with
 * errno set; the process must not go on then.
 */
bool privdrop_become(const struct identity *, const char *chroot_dir);

#endif
