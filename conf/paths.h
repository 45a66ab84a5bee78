/* SPDX-License-Identifier: ISC */
/* paths - the files of an installation, below the directories that configure was given. */
#ifndef CONF_PATHS_H
#define CONF_PATHS_H

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#ifndef RUNSTATEDIR
#define RUNSTATEDIR "/run"
#endif

#ifndef LOCALSTATEDIR
#define LOCALSTATEDIR "/var"
#endif

/* The certificates of the authorities that the system trusts: Debian, Ubuntu, Arch. */
#define PATHS_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

#define PATHS_CONFIG SYSCONFDIR "/srsd/srsd.conf"
#define PATHS_SECRETS SYSCONFDIR "/srsd/srsd.secret"
#define PATHS_CONTROL RUNSTATEDIR "/srsd/control"
#define PATHS_ENVELOPES LOCALSTATEDIR "/lib/srsd/envelopes.sqlite"

#endif
