/* SPDX-License-Identifier: ISC */
/* ctl_store - the subcommands of srsctl store that have a file of their own. */
#ifndef SRSD_CTL_CTL_STORE_H
#define SRSD_CTL_CTL_STORE_H

#include "srsd/ctl/ctl.h"

ctl_command_fn ctl_store_backup;
ctl_command_fn ctl_store_import;
ctl_command_fn ctl_store_purge;

#endif
