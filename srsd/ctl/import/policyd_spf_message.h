/* SPDX-License-Identifier: ISC */
/*
 * policyd_spf_message - Reason_Message of policyd-spf, in the words of reason-message. Pure.
 */
#ifndef SRSD_CTL_IMPORT_POLICYD_SPF_MESSAGE_H
#define SRSD_CTL_IMPORT_POLICYD_SPF_MESSAGE_H

#include "srsd/ctl/import/import.h"

/* Sets reason-message. The words depend on temperror-defer, which must have its value already. */
void policyd_spf_message_import(
    struct import *import, const struct import_origin *origin, const char *message);

#endif
