/* SPDX-License-Identifier: ISC */
/*
 * promotion - whether a secret may begin to sign: each of the siblings must have it, because a
 * bounce may reach any of them.
 */
#ifndef SRSD_CTL_PROMOTION_H
#define SRSD_CTL_PROMOTION_H

#include <stdbool.h>
#include <time.h>

#include "srsd/ctl/ctl.h"
#include "srsd/ctl/secret_file.h"

/*
 * Asks each of the siblings whether it accepts an address that this secret of the file has signed;
 * no mail is sent. True without siblings, and when all of them accept it. Otherwise prints on
 * standard error which siblings refuse it and which cannot be asked, within --timeout.
 */
bool promotion_is_safe(const struct ctl *ctl, struct secret_file *f, size_t number, time_t now);

#endif
