/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "common/privdrop.h"

bool
privdrop_identity(struct identity *id, const char *user, const char **error)
{
	struct passwd *pw;

	id->uid = geteuid();
	id->gid = getegid();
	if (id->uid != 0 || user[0] == '\0')
		return true;
	pw = getpwnam(user);
	if (pw == NULL) {
		*error = "no such user";
		return false;
	}
	if (pw->pw_uid == 0) {
		*error = "is root; name an unprivileged user";
		return false;
	}
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	return true;
}

/* The user that a package makes for us, and the one that stands in where nobody has made it. */
#define DEFAULT_USER "srsd"
#define FALLBACK_USER "nobody"

bool
privdrop_daemon(struct identity *id, const char *user, const char **instead, const char **error)
{
	const char *why;

	*instead = NULL;
	if (privdrop_identity(id, user, error))
		return true;
	if (strcmp(user, DEFAULT_USER) != 0 || !privdrop_identity(id, FALLBACK_USER, &why))
		return false;
	*instead = FALLBACK_USER;
	return true;
}

bool
privdrop_chroot(const char *dir)
{
	return dir[0] == '\0' || (chroot(dir) == 0 && chdir("/") == 0);
}

bool
privdrop_become(const struct identity *id)
{
	if (id->uid != geteuid()) {
		if (setgroups(1, &id->gid) == -1 || setresgid(id->gid, id->gid, id->gid) == -1 ||
		    setresuid(id->uid, id->uid, id->uid) == -1)
			return false;
		if (setuid(0) != -1 || setgid(0) != -1) {
			errno = EPERM;
			return false;
		}
	}
#ifndef SRSD_TRACEABLE
	/* Keeps secrets out of core files, and the user's other processes out of our memory. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return false;
#endif
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}
