/* SPDX-License-Identifier: ISC */
/*
 * secret_access - whether the daemon can read secrets-file when srsd.service starts it.
 *
 * A daemon that root starts reads the file as root. srsd.service starts it as a user that needs
 * access to the file. srsd -n and srsctl, run by root, would not notice that the user has no
 * access. With LoadCredential= in a drop-in (contrib/systemd), systemd reads the file as root
 * instead, and the daemon reads a copy that was made when the unit was started.
 */
#ifndef SRSD_SRS_SECRET_ACCESS_H
#define SRSD_SRS_SECRET_ACCESS_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf/settings.h"

/* Does the running unit have a copy of the file? */
bool secret_access_is_credential(void);

/* The command after which the daemon has the secrets of a file that was changed. */
const char *secret_access_apply(void);

/*
 * The user that srsd.service starts the daemon as, from getpwnam(3). NULL if systemd is not the
 * service manager, if there is no such user, or if the unit has a copy of the file.
 */
const struct passwd *secret_access_unit_user(const struct settings *settings);

/* Tries to open a file with the rights of a user, in another process. Returns 0 or an errno. */
int secret_access_try(const struct passwd *user, const char *file);

/* Writes the commands that give a user access to a file; cut to size bytes. Returns text. */
char *secret_access_remedy(const struct passwd *user, const char *file, char *text, size_t size);

#endif
