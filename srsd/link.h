/* SPDX-License-Identifier: ISC */
/*
 * link - what the monitor and the engine say to each other, as types of common/channel.h.
 *
 * The engine's side may be an enemy's: whatever is not one of these messages ends it.
 */
#ifndef SRSD_LINK_H
#define SRSD_LINK_H

/* From the monitor. */
enum link_order {
	/*
	 * Take these settings. number: of the reload. Descriptors: a filebox, then a listening
	 * socket for each "+SERVICE:ID" of the text; "-ID" ends a listener. Words between blanks.
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

#endif
