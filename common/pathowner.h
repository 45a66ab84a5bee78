/* SPDX-License-Identifier: ISC */
/*
 * pathowner - the user whose rights suffice to work in a directory.
 *
 * SECURITY: a user with write access to a directory can replace a file there with a link, or with
 * another user's file, between any two system calls of root. Root therefore creates and removes
 * files there with the rights of that user, so that the user gains nothing.
 */
#ifndef COMMON_PATHOWNER_H
#define COMMON_PATHOWNER_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * Returns the user who controls the directory of a file: the owner of the first directory or
 * symbolic link on the path, from / downwards, that does not belong to root. Returns 0 when all of
 * them belong to root, and `otherwise` when a group or all users may write to one of root's
 * directories: to the last one, or to one above it that is not sticky. A directory that does not
 * exist is skipped.
 */
uid_t pathowner(const char *path, uid_t otherwise);

/*
 * Accesses files with the rights of a user and a group from now on, until the next call with uid 0.
 * A process that is not root keeps its own rights. False if the kernel refuses.
 */
bool pathowner_act(uid_t uid, gid_t gid);

#endif
