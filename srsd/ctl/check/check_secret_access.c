/* SPDX-License-Identifier: ISC */
/* Whether the daemon can read secrets-file when it is started again (srsd/srs/secret_access.h). */
#include <sys/socket.h>

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "srsd/ctl/check/check.h"
#include "srsd/ctl/connect.h"
#include "srsd/srs/secret_access.h"

#define CONNECT_MS 2000

/* Bytes of a remedy that names the file twice. */
#define REMEDY_SIZE 9000

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

void
check_secret_access(struct check *check)
{
	const char *file = check->settings->secrets_file;
	const struct passwd *user;
	char remedy[REMEDY_SIZE];
	uid_t uid = 0;
	bool is_running;
	int e;

	if (geteuid() != 0 || check->keys == NULL || secret_access_is_credential())
		return;
	is_running = find_daemon_owner(check, &uid);
	if (is_running)
		user = uid == 0 ? NULL : getpwuid(uid);
	else
		user = secret_access_unit_user(check->settings);
	if (user == NULL || (e = secret_access_try(user, file)) == 0)
		return;
	findings_add(check->findings, FINDING_ERROR,
	    is_running ? "secrets-file %s: the daemon, which runs as %s, cannot read it again: %s"
		       : "secrets-file %s: srsd.service runs as %s, which cannot read it: %s",
	    file, user->pw_name, strerror(e));
	findings_remedy(
	    check->findings, "%s", secret_access_remedy(user, file, remedy, sizeof(remedy)));
}
