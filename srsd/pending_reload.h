/* SPDX-License-Identifier: ISC */
/*
 * pending_reload - a reload that the engine has not completed.
 *
 *	monitor                            engine (srsd/link.h)
 *	LINK_RELOAD, files and sockets ->
 *	                               <-  LINK_RELOADED: the new settings are in effect
 *	LINK_REMOVE, old listeners     ->
 *	                               <-  LINK_REMOVED: their sockets are closed
 *
 * If no listener is to be removed, the first report completes it. Otherwise the next reload has to
 * wait for the second one, because it may need an address that an old socket still occupies.
 */
#ifndef SRSD_PENDING_RELOAD_H
#define SRSD_PENDING_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/channel.h"
#include "common/privdrop.h"
#include "conf/config.h"
#include "srsd/listeners.h"
#include "srsd/service/inputs.h"

enum reload_state {
	RELOAD_NONE,     /* none is pending */
	RELOAD_SENT,     /* the engine has yet to apply it */
	RELOAD_REMOVING, /* it is in effect, and the engine has yet to close old sockets */
};

/* Starts out as zero. */
struct pending_reload {
	enum reload_state state;
	uint32_t number; /* of this one, or of the last one; 0: before the first */
	/* While the state is RELOAD_SENT. The sockets that stay belong to the current set as well. */
	struct inputs inputs;
	struct listeners *listeners;
	char leaving[CHANNEL_TEXT_MAX]; /* the text of LINK_REMOVE, or "" */
};

/*
 * Reads all files, plans the listeners that are to replace the current ones, and sends everything to
 * the engine. None may be pending. False with one line in error, and none is pending.
 */
bool pending_reload_begin(struct pending_reload *r, int link, const struct inputs_source *source,
    const struct identity *id, const struct listeners *current, char error[CONFIG_ERROR_SIZE]);

/*
 * The engine has applied it: replaces what was in effect, which is freed. Inet sockets that leave
 * are hidden first, so that no new connection reaches them.
 */
void pending_reload_apply(
    struct pending_reload *r, struct inputs *inputs, struct listeners **current);

/* Orders the engine to remove the old listeners. False: errno is set. */
bool pending_reload_remove(const struct pending_reload *r, int link);

/* Ends a pending reload, and closes the sockets that only it has. */
void pending_reload_end(struct pending_reload *r, const struct listeners *current);

#endif
