/* SPDX-License-Identifier: ISC */
/*
 * link - what the monitor and the engine say to each other, as types of common/channel.h.
 *
 * The engine's side may be an enemy's: whatever is not one of these messages ends it.
 */
#ifndef SRSD_LINK_H
#define SRSD_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/channel.h"

/* From the monitor. */
enum link_order {
	/*
	 * Take these settings. number: of the reload. Descriptors: a filebox, then a listening
	 * socket for each listener that comes. text: struct link_change, as below.
	 */
	LINK_RELOAD,
	LINK_REFUSED, /* the reload that was asked for is none; text: why */
	LINK_STOP,    /* answer what is in flight, and end */
	LINK_ORDERS,
};

/* From the engine. They bring no descriptors. */
enum link_report {
	LINK_READY,      /* it serves */
	LINK_ALIVE,      /* once a second */
	LINK_WANTED,     /* somebody asks for a reload */
	LINK_RELOADED,   /* number: of the reload that is in force */
	LINK_UNRELOADED, /* number: of the reload that is not; text: why */
	LINK_REPORTS,
};

/* A listener that comes with a reload, or ends: "+SERVICE:ID" or "-ID" in the text. */
struct link_change {
	bool comes;
	unsigned service; /* enum service_kind; of one that comes */
	uint32_t id;
};

/* Adds a change to a text, empty at first; false when there is no room for it. */
bool link_add_change(char text[CHANNEL_TEXT_MAX], const struct link_change *);

/* The first change of a text, which then begins behind it; false at the end, or before nonsense. */
bool link_next_change(const char **text, struct link_change *);

#endif
