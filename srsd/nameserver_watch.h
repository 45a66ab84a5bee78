/* SPDX-License-Identifier: ISC */
/*
 * nameserver_watch - detect that resolv.conf has changed, and pass the new nameservers to the
 * engine. Only the monitor, which may read files, does this.
 */
#ifndef SRSD_NAMESERVER_WATCH_H
#define SRSD_NAMESERVER_WATCH_H

#include <stdbool.h>

#include "common/filewatch.h"
#include "conf/settings.h"

/*
 * Watches the file if the settings name no nameservers, and ends the watch, which may be NULL, if
 * they do. True if the watch is new: the file may have changed since it was last read.
 */
bool nameserver_watch_use(struct filewatch **watch, const struct settings *settings);

/*
 * Reads the file after a change. If the nameservers differ, replaces *plan (see
 * spf/dns/resolver_plan.h) and sends LINK_NAMESERVERS over the link, unless that is -1. The old ones
 * stay in use if the file is wrong, or names no nameserver, perhaps because it is being rewritten.
 */
void nameserver_watch_read(const struct settings *settings, char **plan, int link);

#endif
