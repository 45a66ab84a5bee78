/* SPDX-License-Identifier: ISC */
/*
 * import_clients - the option clients for an endpoint of postsrsd, which has no such option. Pure.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_CLIENTS_H
#define SRSD_CTL_IMPORT_IMPORT_CLIENTS_H

#include "srsd/ctl/import/import.h"

/*
 * Call it for each endpoint that was carried over. If other hosts can connect to it, clients is set
 * to all of them, as with postsrsd, and a comment advises to list the mail servers only.
 */
void import_clients_admit(
    struct import *import, const struct import_origin *origin, const char *endpoint);

#endif
