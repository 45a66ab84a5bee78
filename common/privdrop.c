/* SPDX-License-Identifier: ISC */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
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

/* The user that a package creates for the daemon, and the one that replaces a missing one. */
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

/*
 * set_capabilities - keep only the capabilities of a mask, as permitted and effective ones
 *
 * capset(2) is not called if nothing has to be dropped: a service manager may have forbidden it.
 */
static bool
set_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t kept, dropped = 0;
	size_t i;

	if (syscall(SYS_capget, &header, data) == -1)
		return false;
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		kept = data[i].permitted & (uint32_t)(mask >> (32 * i));
		dropped |= data[i].inheritable | (data[i].permitted & ~kept);
		data[i].permitted = data[i].effective = kept;
		data[i].inheritable = 0;
	}
	return dropped == 0 || syscall(SYS_capset, &header, data) == 0;
}

/*
 * bound_capabilities - drop all capabilities outside a mask from the bounding set
 *
 * A process without CAP_SETPCAP cannot do this. It does not need to, because no_new_privs prevents
 * new capabilities as well.
 */
static void
bound_capabilities(uint64_t mask)
{
	unsigned long cap;

	for (cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != -1; cap++)
		if (!(mask >> cap & 1))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

bool
privdrop_limit(void)
{
	static const unsigned char kept[] = { CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_KILL,
		CAP_NET_BIND_SERVICE, CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT };
	uint64_t mask = 0;
	size_t i;

	for (i = 0; i < sizeof(kept); i++)
		mask |= UINT64_C(1) << kept[i];
	bound_capabilities(mask);
	return set_capabilities(mask) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
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
	if (!set_capabilities(0))
		return false;
#ifndef SRSD_TRACEABLE
	/* Keeps secrets out of core files, and other processes of the user out of this memory. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return false;
#endif
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int
privdrop_try(const struct identity *id, int (*ask)(const char *arg), const char *arg)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == -1)
		return errno;
	if (pid == 0)
		_exit(privdrop_become(id) ? ask(arg) : EPERM);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}
