/* SPDX-License-Identifier: ISC */
/*
 * pathowner - with whose rights root may work below a path
 *
 * SECURITY: whoever may write to a directory can put a link, or somebody else's file, in the place
 * of what root looks for there, between any two system calls. So root makes and removes files there
 * with the rights of that user, and gains nothing for him.
 */
#ifndef COMMON_PATHOWNER_H
#define COMMON_PATHOWNER_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * The user who decides what is found in the directory of a file: the owner of the first directory,
 * or symbolic link, on the way from / down to it that does not belong to root. 0 when all of them
 * belong to root. Where others may write to one of root's that is not sticky, or to the last one at
 * all, it is the user `otherwise`. A directory that is not there is left to its parent.
 */
uid_t pathowner(const char *path, uid_t otherwise);

/*
 * Gives this process the rights of a user, for files alone, until uid is 0 again; group comes
 * along. Does nothing for a process that is not root. False when that is not possible.
 */
bool pathowner_act(uid_t uid, gid_t gid);

#endif
