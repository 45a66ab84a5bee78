/* SPDX-License-Identifier: ISC */
#include <sys/fsuid.h>
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/pathowner.h"
#include "common/xmalloc.h"

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

/* find_directory_owner - the user who controls a directory, or the symbolic link to one */
static uid_t
find_directory_owner(const char *directory, bool is_last, uid_t otherwise)
{
	struct stat st;

	if (lstat(directory, &st) == -1)
		return 0;
	if (S_ISLNK(st.st_mode)) {
		if (st.st_uid != 0)
			return st.st_uid;
		if (stat(directory, &st) == -1)
			return 0;
	}
	if (st.st_uid != 0)
		return st.st_uid;
	if ((st.st_mode & OTHERS_WRITE) && (is_last || !(st.st_mode & S_ISVTX)))
		return otherwise;
	return 0;
}

uid_t
pathowner(const char *path, uid_t otherwise)
{
	char *copy = xstrdup(path), *last = strrchr(copy, '/'), *slash;
	uid_t uid = find_directory_owner(last == NULL ? "." : "/", last == copy, otherwise);

	for (slash = copy; uid == 0 && last != NULL && slash < last;) {
		slash += 1 + strcspn(slash + 1, "/");
		*slash = '\0';
		uid = find_directory_owner(copy, slash == last, otherwise);
		*slash = '/';
	}
	free(copy);
	return uid;
}

bool
pathowner_act(uid_t uid, gid_t gid)
{
	if (geteuid() != 0)
		return true;
	/* These calls return the previous identity, not an error, so check with an invalid one. */
	setfsgid(uid == 0 ? getegid() : gid);
	setfsuid(uid);
	return setfsuid((uid_t)-1) == (int)uid &&
	       setfsgid((gid_t)-1) == (int)(uid == 0 ? getegid() : gid);
}
