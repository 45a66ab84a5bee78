/* SPDX-License-Identifier: ISC */
/*
 * postfix - the configuration of Postfix, read with postconf(1) and postmap(1), for srsctl.
 */
#ifndef SRSD_CTL_POSTFIX_H
#define SRSD_CTL_POSTFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/ctl/postfix_text.h"

struct postfix;

/* Bytes of an error message with its NUL. */
#define POSTFIX_ERROR_SIZE 1024

/*
 * Reads main.cf and master.cf in dir; NULL: in the default directory of postconf(1). Returns NULL
 * with one line in error. *absent is then true if Postfix is not installed, or if its default
 * configuration is missing or not readable for this user.
 */
struct postfix *postfix_open(const char *dir, bool *absent, char error[POSTFIX_ERROR_SIZE]);

/* Frees *pp and sets it to NULL. */
void postfix_free(struct postfix **pp);

/*
 * The value of a parameter in main.cf with its $names replaced; "" for a parameter that Postfix
 * does not know or that postfix.c does not read. Owned by p.
 */
const char *postfix_get(const struct postfix *p, const char *name);

/*
 * The value of any parameter in main.cf, such as one that Postfix derives from the name of a
 * service; "" if it does not know it. It runs postconf(1). The caller frees it.
 */
char *postfix_read(const struct postfix *p, const char *name);

/*
 * The value that main.cf itself has for a parameter, with its $names. The caller frees it. NULL if
 * main.cf does not set it. It runs postconf(1).
 */
char *postfix_read_own(const struct postfix *p, const char *name);

/*
 * Calls fn for each parameter that main.cf sets, and for each -o of master.cf, named
 * "service/type/name"; the values have their $names. It runs postconf(1).
 */
void postfix_each_own(
    const struct postfix *p, void (*fn)(void *arg, const char *name, const char *value), void *arg);

/* The same as postfix_get for a service in master.cf, where -o overrides main.cf. Owned by p. */
const char *postfix_service_get(
    const struct postfix *p, const struct postfix_service *service, const char *name);

/* The list of a restriction class; NULL when name is not a restriction class. Owned by p. */
const char *postfix_class(const struct postfix *p, const char *name);

/* Sets service to number 0, 1, ... in master.cf; false after the last one. Points into p. */
bool postfix_service_at(const struct postfix *p, size_t number, struct postfix_service *service);

/*
 * The service in master.cf that creates the socket of an endpoint, "unix:private/NAME" or
 * "inet:HOST:PORT". False if master.cf has no such service.
 */
bool postfix_find_service(
    const struct postfix *p, const char *endpoint, struct postfix_service *service);

/* True when a service runs in a chroot, the queue directory. */
bool postfix_is_chrooted(const struct postfix *p, const struct postfix_service *service);

/*
 * Replaces each file in a list, "/path", with the words in that file, as match_list(3) does. A file
 * that cannot be read remains in the list. The caller frees the result.
 */
char *postfix_read_files(const char *list);

/*
 * Calls fn for each key of a table; a "proxy:" before its name is ignored. False with one line in
 * error when postmap(1) cannot list the whole table: its type has no sequence (regexp:, ldap:,
 * static:), it cannot be read, or the list has more than 1 MiB.
 */
bool postfix_list_table(const struct postfix *p, const char *table,
    void (*fn)(void *arg, const char *key), void *arg, char error[POSTFIX_ERROR_SIZE]);

/*
 * True with one line in error when no daemon of Postfix can open a table, because its file or its
 * type does not exist. False otherwise, and when postmap(1) cannot be run.
 */
bool postfix_table_is_broken(
    const struct postfix *p, const char *table, char error[POSTFIX_ERROR_SIZE]);

/*
 * The values of one parameter in the -o options of master.cf: number 0, 1, ..., with "name/type" in
 * service. NULL after the last one. Owned by p.
 */
const char *postfix_override(
    const struct postfix *p, const char *parameter, size_t number, char service[POSTFIX_WORD_SIZE]);

/*
 * Looks a key up with postmap(1). Returns 1 with the first line of its value in value, cut to size;
 * 0 when the key is not in the table; -1 when that is unknown.
 */
int postfix_look_up(
    const struct postfix *p, const char *table, const char *key, char *value, size_t size);

#endif
