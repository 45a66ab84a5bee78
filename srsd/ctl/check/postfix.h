/* SPDX-License-Identifier: ISC */
/*
 * postfix - the configuration of a Postfix, as postconf(1) tells it, for srsctl check.
 */
#ifndef SRSD_CTL_CHECK_POSTFIX_H
#define SRSD_CTL_CHECK_POSTFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/ctl/check/postfix_text.h"

struct postfix;

#define POSTFIX_ERROR_SIZE 1024

/*
 * Reads main.cf and master.cf of a folder; NULL: of postconf's default one. NULL with one line in
 * error; *absent says that there is no Postfix, or that we may not read what it has.
 */
struct postfix *postfix_open(const char *dir, bool *absent, char error[POSTFIX_ERROR_SIZE]);
void postfix_free(struct postfix **);

/* A parameter of main.cf with its $names replaced; "" when Postfix does not know it. */
const char *postfix_get(const struct postfix *, const char *name);

/* The same for a service of master.cf, whose -o goes before. */
const char *postfix_service_get(
    const struct postfix *, const struct postfix_service *, const char *name);

/* The list of a restriction class; NULL when it is none. */
const char *postfix_class(const struct postfix *, const char *name);

/* The services of master.cf, from number 0; false behind the last one. */
bool postfix_service_at(const struct postfix *, size_t number, struct postfix_service *);

/* Does smtpd(8), or whoever it is, run in the queue folder? */
bool postfix_is_chrooted(const struct postfix *, const struct postfix_service *);

/*
 * The same list with the words of each file, "/path", in its place, as match_list(3) reads it. A
 * file that cannot be read stays as it is. The caller frees it.
 */
char *postfix_read_files(const char *list);

/*
 * Calls fn for each key of a table, without the "proxy:" before it. False with a line in error when
 * postmap(1) cannot list all of it: it is a table without a sequence (regexp:, ldap:, static:), it
 * cannot be read, or it prints more than 1 MiB.
 */
bool postfix_list_table(const struct postfix *, const char *table,
    void (*fn)(void *arg, const char *key), void *arg, char error[POSTFIX_ERROR_SIZE]);

/*
 * True when no daemon of Postfix can open a table: there is no such file, or no such type; with a
 * line in error. False too where that cannot be known.
 */
bool postfix_table_is_broken(
    const struct postfix *, const char *table, char error[POSTFIX_ERROR_SIZE]);

/*
 * The overrides of one parameter in master.cf: the value of number 0, 1, ... with its service as
 * "name/type" in service; NULL after the last one.
 */
const char *postfix_override(
    const struct postfix *, const char *parameter, size_t number, char service[POSTFIX_WORD_SIZE]);

/* Asks postmap(1): 1 the key is in the table, with this value; 0 it is not, -1 nobody knows. */
int postfix_look_up(
    const struct postfix *, const char *table, const char *key, char *value, size_t size);

#endif
