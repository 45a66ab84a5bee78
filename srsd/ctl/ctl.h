/* SPDX-License-Identifier: ISC */
/*
 * ctl - what the commands of srsctl share: the options before the command, and the way to the
 * daemon.
 */
#ifndef SRSD_CTL_CTL_H
#define SRSD_CTL_CTL_H

#include <stdbool.h>

#include <jansson.h>

#include "conf/settings.h"

struct ctl {
	struct settings *settings; /* of the configuration, or the defaults */
	const char *config;        /* the file of the configuration */
	const char *config_error;  /* why these are the defaults; NULL: they are not */
	const char *socket;        /* path of the control socket; NULL: the daemon has none */
};

/* Exit statuses. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1, /* it was carried out, and the answer is no */
	CTL_USAGE = 2,  /* it was not */
};

/* Bytes of a reply; a longer one is an error. */
#define CTL_REPLY_MAX ((size_t)1024 * 1024)

/* What a reply is for. */
enum ctl_form {
	CTL_SHOWN,  /* its texts and names are made fit for a terminal, see ctl_make_printable */
	CTL_AS_JSON /* it stays as it is, and only ctl_print_json may print it */
};

/*
 * Sends a request to the daemon and returns its reply, a new reference to an object; NULL with a
 * static reason in *error and, unless that is all there is to say, errno.
 *
 * SECURITY: the process that replies may be hostile.
 */
json_t *ctl_ask(const struct ctl *, const json_t *request, enum ctl_form form, const char **error);

/*
 * The same for a command with an address (NULL: without). CTL_OK with the reply; CTL_FAILED when
 * the daemon says an error, CTL_USAGE when it was not asked: that is printed, and *reply is NULL.
 */
int ctl_ask_for(const struct ctl *, const char *command, const char *address, enum ctl_form form,
    json_t **reply);

/* Prints the error of a reply, in either form, on standard error. False when it has none. */
bool ctl_print_error(const json_t *reply);

/* Prints why ctl_ask has failed, on standard error. Call it at once, for errno's sake. */
void ctl_print_unreachable(const struct ctl *, const char *error);

/*
 * Connects to an endpoint, at the first of its addresses that takes it within wait_ms. Returns a
 * non-blocking descriptor, or -1 with the reason in *error: static, or strerror(3)'s.
 */
int ctl_connect(const char *endpoint, int wait_ms, const char **error);

/* A command: argv[0] is its name. Returns the exit status. */
typedef int ctl_command_fn(const struct ctl *, int argc, char **argv);

ctl_command_fn ctl_forward;
ctl_command_fn ctl_policy;
ctl_command_fn ctl_reload;
ctl_command_fn ctl_reverse;
ctl_command_fn ctl_secret;
ctl_command_fn ctl_spf;
ctl_command_fn ctl_status;

/*
 * Makes the texts of a value of somebody else's fit for a terminal, and the names of members as
 * well. Returns a new reference and takes the old one over; NULL for NULL.
 */
json_t *ctl_make_printable(json_t *value);

/* A text; "" for a value that is none, or NULL. */
const char *ctl_string(const json_t *value);

/*
 * A member of a reply; "" or 0 when it is not there, or is something else. A number beyond
 * CTL_NUMBER_MAX is that, with its sign: so a difference of two is a number too.
 */
#define CTL_NUMBER_MAX 1000000000000000LL
const char *ctl_text(const json_t *, const char *name);
long long ctl_number(const json_t *, const char *name);

/* Prints the reply to a --json, readable, in visible ASCII. */
void ctl_print_json(const json_t *);

/* Prints how the command is used, and returns CTL_USAGE. */
int ctl_usage(const char *text);

#endif
