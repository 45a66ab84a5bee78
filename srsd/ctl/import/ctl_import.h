/* SPDX-License-Identifier: ISC */
/* ctl_import - the command srsctl import. */
#ifndef SRSD_CTL_IMPORT_CTL_IMPORT_H
#define SRSD_CTL_IMPORT_CTL_IMPORT_H

#include "srsd/ctl/ctl.h"

ctl_command_fn ctl_import;

#endif
