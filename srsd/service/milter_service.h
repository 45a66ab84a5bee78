/* SPDX-License-Identifier: ISC */
/*
 * milter_service - the sessions of the milter (srsd/postfix/milter_proto.h).
 *
 * One connection has the messages of one SMTP session, or of several, one after the other. Only the
 * envelope and the header fields are read. All changes to a message are made at its end; a
 * recipient can be refused at RCPT.
 */
#ifndef SRSD_SERVICE_MILTER_SERVICE_H
#define SRSD_SERVICE_MILTER_SERVICE_H

#include "srsd/service/milter_message.h"
#include "srsd/service/session.h"

/* session_open_fn; service is a struct milter_service. */
struct session *milter_session_open(void *service, const struct session_host *host);

#endif
