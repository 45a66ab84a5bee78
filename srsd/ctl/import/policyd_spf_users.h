/* SPDX-License-Identifier: ISC */
/*
 * policyd_spf_users - the file of Per_User, in which policyd-spf has options for one recipient.
 * Pure.
 *
 * It has one line for each recipient: ADDRESS,NAME=VALUE|NAME=VALUE. The first line of a recipient
 * counts, and it changes a copy of all options. policyd-spf compares addresses with the recipient
 * in lower case. It does not remove blanks around names and values, and fails at a line that it
 * cannot split: Postfix then defers the mail.
 */
#ifndef SRSD_CTL_IMPORT_POLICYD_SPF_USERS_H
#define SRSD_CTL_IMPORT_POLICYD_SPF_USERS_H

#include "srsd/ctl/import/import_policyd_spf.h"

/*
 * Imports the file that value, "text,PATH", names. Each of its lines becomes a section. All other
 * options must have their values already. origin is that of Per_User.
 */
void policyd_spf_users_import(struct import *import, const struct import_origin *origin,
    const char *value, import_read_fn *read_file);

#endif
