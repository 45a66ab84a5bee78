/* SPDX-License-Identifier: ISC */
/*
 * postsrsd2_address - the endpoints and the databases in postsrsd.conf, in the form that srsd has
 *
 * Pure.
 *
 *	endpoint	unix:PATH, local:PATH, inet:PLACE, inet4:PLACE, inet6:PLACE
 *	PLACE		PORT, HOST:PORT, [HOST]:PORT; HOST may be '*', PORT a service name
 *	database	sqlite:FILE, redis:HOST:PORT, redis:PATH
 *
 * The functions follow the source of postsrsd 2.4.0.
 */
#ifndef SRSD_CTL_IMPORT_POSTSRSD2_ADDRESS_H
#define SRSD_CTL_IMPORT_POSTSRSD2_ADDRESS_H

#include <stdbool.h>

/* Room for an address and its NUL; a longer one is refused. */
#define POSTSRSD2_ADDRESS_SIZE 1024

/* Translates an endpoint. False: *why is the reason, a static text, and text is undefined. */
bool postsrsd2_address_endpoint(
    const char *value, char text[POSTSRSD2_ADDRESS_SIZE], const char **why);

/* Writes an endpoint of srsd as the name of a socketmap table in main.cf. Returns text. */
const char *postsrsd2_address_table(const char *endpoint, char text[POSTSRSD2_ADDRESS_SIZE]);

/*
 * True if one socket may prevent the other, both in the form of srsd: they have the same path, or
 * the same port and no two different addresses.
 */
bool postsrsd2_address_collides(const char *endpoint, const char *other);

enum postsrsd2_database {
	POSTSRSD2_DATABASE_FOUND,    /* text is the database */
	POSTSRSD2_DATABASE_VOLATILE, /* it ends with a process, so that no row of it is left */
	POSTSRSD2_DATABASE_INVALID,  /* postsrsd does not start with it */
	POSTSRSD2_DATABASE_RELATIVE, /* to a directory that is not known */
};

/*
 * Translates a database. postsrsd opens it in chroot_dir, "" for none. Unless the result is FOUND,
 * text is undefined.
 */
enum postsrsd2_database postsrsd2_address_database(
    const char *value, const char *chroot_dir, char text[POSTSRSD2_ADDRESS_SIZE]);

#endif
