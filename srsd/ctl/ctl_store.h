/* SPDX-License-Identifier: ISC */
/* ctl_store - the subcommands of srsctl store that have a file of their own. */
#ifndef SRSD_CTL_CTL_STORE_H
#define SRSD_CTL_CTL_STORE_H

#include <stdbool.h>

#include "common/privdrop.h"
#include "srsd/ctl/ctl.h"

/* Gets the daemon's user, as which the file of the database is read. False: an error was printed. */
bool ctl_store_identity(const struct ctl *ctl, struct identity *id);

ctl_command_fn ctl_store_backup;
ctl_command_fn ctl_store_import;
ctl_command_fn ctl_store_purge;

#endif
