/* SPDX-License-Identifier: ISC */
/* ctl_check - the command srsctl check. */
#ifndef SRSD_CTL_CHECK_CTL_CHECK_H
#define SRSD_CTL_CHECK_CTL_CHECK_H

#include "srsd/ctl/ctl.h"

ctl_command_fn ctl_check;

#endif
