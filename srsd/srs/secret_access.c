/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include "common/privdrop.h"
#include "srsd/srs/secret_access.h"

/* It exists if systemd is the service manager, see sd_booted(3). */
#define SYSTEMD_DIRECTORY "/run/systemd/system"

/* $CREDENTIALS_DIRECTORY of the unit, which exists while it runs, and the name in the drop-in. */
#define CREDENTIAL "/run/credentials/srsd.service/srsd.secret"

bool
secret_access_is_credential(void)
{
	return access(CREDENTIAL, F_OK) == 0;
}

const char *
secret_access_apply(void)
{
	return secret_access_is_credential() ? "systemctl restart srsd" : "srsctl reload";
}

const struct passwd *
secret_access_unit_user(const struct settings *settings)
{
	if (access(SYSTEMD_DIRECTORY, F_OK) == -1 || secret_access_is_credential())
		return NULL;
	return getpwnam(settings->unprivileged_user);
}

static int
try_open(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return errno;
	close(fd);
	return 0;
}

int
secret_access_try(const struct passwd *user, const char *file)
{
	const struct identity id = { user->pw_uid, user->pw_gid };

	return privdrop_try(&id, try_open, file);
}

char *
secret_access_remedy(const struct passwd *user, const char *file, char *text, size_t size)
{
	const struct group *group = getgrgid(user->pw_gid);

	if (group != NULL)
		snprintf(text, size,
		    "chgrp %s %s && chmod 0640 %s; that user also needs access to its directory",
		    group->gr_name, file, file);
	else
		snprintf(text, size, "let that user read it");
	return text;
}
