/* SPDX-License-Identifier: ISC */
/*
 * check_endpoint - finds an endpoint that Postfix cannot use, and another program at an endpoint of
 * srsd, or at another address of the host name that Postfix uses for it.
 */
#ifndef SRSD_CTL_CHECK_CHECK_ENDPOINT_H
#define SRSD_CTL_CHECK_CHECK_ENDPOINT_H

#include "conf/settings.h"
#include "srsd/ctl/check/check.h"

/*
 * Adds an error when theirs, HOST:PORT in a parameter of Postfix, is one of the endpoints, and
 * inet_protocols keeps Postfix from connecting to it.
 *
 * Otherwise adds a finding when theirs has the address of one of the endpoints, and another address
 * where another program listens. Postfix tries the addresses in order until one of them accepts the
 * connection. If the other address is first, the finding is an error; otherwise a warning, because
 * Postfix asks the other program while srsd is not running.
 */
void check_endpoint_way(struct check *check, const char *parameter, const char *theirs,
    const struct text_list *endpoints);

/*
 * Adds the remedy for an endpoint that does not answer as srsd does: to start srsd, or, if a program
 * accepts connections there, to see which one it is. A user that may not connect cannot know.
 */
void check_endpoint_remedy(struct check *check, const char *endpoint);

#endif
