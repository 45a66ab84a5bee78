/* SPDX-License-Identifier: ISC */
/* map_kind - the two maps. */
#ifndef SRSD_MAP_KIND_H
#define SRSD_MAP_KIND_H

enum map_kind {
	MAP_FORWARD,
	MAP_REVERSE,
};

#define MAP_KINDS 2

#endif
