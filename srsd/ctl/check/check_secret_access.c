/* SPDX-License-Identifier: ISC */
/*
 * Whether the daemon can read secrets-file when it is started again. A daemon that root starts reads
 * it as root. Under systemd, srsd.service starts the daemon as the user srsd, which has to have
 * access itself. root runs srsctl, and would not notice.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "common/privdrop.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/connect.h"

#define CONNECT_MS 2000

/* It exists if systemd is the service manager, see sd_booted(3). */
#define SYSTEMD_DIRECTORY "/run/systemd/system"

#define SERVICE_MANAGER_PID 1

/*
 * find_daemon_owner - the user that has opened the control socket
 *
 * False if no daemon is running, or if the service manager has opened the socket.
 */
static bool
find_daemon_owner(const struct check *check, uid_t *uid)
{
	struct ucred creds;
	socklen_t len = sizeof(creds);
	const char *error;
	bool known;
	int fd;

	if (check->ctl->socket == NULL)
		return false;
	fd = connect_unix(check->ctl->socket, CONNECT_MS, &error);
	if (fd == -1)
		return false;
	known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &len) == 0 &&
		creds.pid != SERVICE_MANAGER_PID;
	close(fd);
	if (known)
		*uid = creds.uid;
	return known;
}

/* try_open_as - can that user read the file? Returns 0 or an errno. */
static int
try_open_as(const struct passwd *user, const char *file)
{
	const struct identity id = { user->pw_uid, user->pw_gid };
	int status;
	pid_t pid;

	pid = fork();
	if (pid == -1)
		return errno;
	if (pid == 0) {
		if (!privdrop_become(&id))
			_exit(EPERM);
		_exit(open(file, O_RDONLY | O_CLOEXEC) == -1 ? errno : 0);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static void
suggest_owner(struct check *check, const struct passwd *user)
{
	const struct group *group = getgrgid(user->pw_gid);
	const char *file = check->settings->secrets_file;

	if (group != NULL)
		findings_remedy(check->findings,
		    "chgrp %s %s && chmod 0640 %s; that user also needs access to its directory",
		    group->gr_name, file, file);
	else
		findings_remedy(check->findings, "let that user read it");
}

void
check_secret_access(struct check *check)
{
	const struct settings *settings = check->settings;
	const struct passwd *user;
	uid_t uid = 0;
	bool is_running;
	int e;

	if (geteuid() != 0 || check->keys == NULL)
		return;
	is_running = find_daemon_owner(check, &uid);
	if (is_running)
		user = uid == 0 ? NULL : getpwuid(uid);
	else if (access(SYSTEMD_DIRECTORY, F_OK) == 0)
		user = getpwnam(settings->unprivileged_user);
	else
		user = NULL;
	if (user == NULL || (e = try_open_as(user, settings->secrets_file)) == 0)
		return;
	findings_add(check->findings, FINDING_ERROR,
	    is_running ? "secrets-file %s: the daemon, which runs as %s, cannot read it again: %s"
		       : "secrets-file %s: srsd.service runs as %s, which cannot read it: %s",
	    settings->secrets_file, user->pw_name, strerror(e));
	suggest_owner(check, user);
}
