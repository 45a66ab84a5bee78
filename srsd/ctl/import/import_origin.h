/* SPDX-License-Identifier: ISC */
/* import_origin - the place in another program's configuration that a setting comes from. Pure. */
#ifndef SRSD_CTL_IMPORT_IMPORT_ORIGIN_H
#define SRSD_CTL_IMPORT_IMPORT_ORIGIN_H

struct import_origin {
	const char *file; /* if line is 0: the name of the program */
	unsigned line;    /* 0: the file does not set it, and the program has a default */
	const char *name; /* of the setting; NULL: the line has no name, and is not 0 */
};

/* A copy of an origin. An empty place, with no origin, has 0 in all members. */
struct import_place {
	char *text;    /* "FILE:LINE NAME", printable */
	char *file;    /* NULL: the setting is in no file */
	unsigned line; /* 0: the same */
	char *name;    /* of the setting; or NULL */
};

/* Replaces the place with a copy of the origin. */
void import_place_set(struct import_place *place, const struct import_origin *origin);

/* Replaces the place with one that is described by a text only, which is made printable. */
void import_place_describe(struct import_place *place, const char *text);

/* Frees the members, and sets them to 0. */
void import_place_clear(struct import_place *place);

#endif
