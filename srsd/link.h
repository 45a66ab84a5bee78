/* SPDX-License-Identifier: ISC */
/*
 * link - the messages between monitor and engine, as types of common/channel.h.
 *
 * SECURITY: The engine may be under an attacker's control. The monitor kills an engine that sends
 * anything but these messages.
 */
#ifndef SRSD_LINK_H
#define SRSD_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/channel.h"

/* From the monitor. */
enum link_order {
	/*
	 * Apply these settings. number: of the reload. Descriptors: a filebox, then a listening
	 * socket for each listener to add. text: a list of struct link_change, see below.
	 */
	LINK_RELOAD,
	/*
	 * Remove listeners, after LINK_RELOADED. number: of the reload. text: a list of struct
	 * link_change. Before that, the monitor has closed its own descriptors, so that the engine
	 * accepts the last connection.
	 */
	LINK_REMOVE,
	LINK_REFUSED, /* the monitor refused the requested reload; text: the reason */
	LINK_STOP,    /* answer pending requests, and exit */
	/*
	 * A connection for envelope-database. number: the reload with the settings that it is for;
	 * the engine closes a connection for any other. Descriptor: a socket pair to a new store
	 * process, or a socket that connects to the Redis server, after LINK_STORE_WANTED. If the
	 * latter could not be made, there is no descriptor; text: the reason.
	 */
	LINK_STORE_PROCESS,
	LINK_STORE_SERVER,
	/*
	 * Use other nameservers with the same settings. Descriptor: a filebox with the files that
	 * spf/dns/resolver_plan.h reads.
	 */
	LINK_NAMESERVERS,
	LINK_ORDERS,
};

/* From the engine. They carry no descriptors. */
enum link_report {
	LINK_READY,        /* the engine serves */
	LINK_ALIVE,        /* sent once a second */
	LINK_WANTED,       /* a client of the control socket requests a reload */
	LINK_STORE_WANTED, /* the store needs a socket to the Redis server */
	LINK_RELOADED,     /* number: of the reload, which is now in effect */
	LINK_UNRELOADED,   /* number: of the reload, which failed; text: the reason */
	LINK_REMOVED,      /* number: of the reload; the sockets of LINK_REMOVE are closed */
	LINK_REPORTS,
};

/* A listener that a reload adds or removes: "+SERVICE:ID" or "-ID" in the text of an order. */
struct link_change {
	bool comes;       /* true: add, false: remove */
	unsigned service; /* enum service_kind, if the listener is added */
	uint32_t id;
};

/* Appends a change to a text that starts out empty; false if there is no room for it. */
bool link_add_change(char text[CHANNEL_TEXT_MAX], const struct link_change *change);

/*
 * Parses the first change of a text and moves the pointer past it. False at the end of the text and
 * at a malformed change.
 */
bool link_next_change(const char **text, struct link_change *change);

#endif
