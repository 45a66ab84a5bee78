/* SPDX-License-Identifier: ISC */
/*
 * ctl - what the commands of srsctl share: the options before the command, and the way to the
 * daemon.
 */
#ifndef SRSD_CTL_H
#define SRSD_CTL_H

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

/*
 * Sends a request to the daemon and returns its reply, a new reference; NULL with a static reason
 * in *error and, unless that is all there is to say, errno.
 */
json_t *ctl_ask(const struct ctl *, const json_t *request, const char **error);

/*
 * The same for a command with an address (NULL: without). CTL_OK with the reply; CTL_FAILED when
 * the daemon says an error, CTL_USAGE when it was not asked: that is printed, and *reply is NULL.
 */
int ctl_ask_for(const struct ctl *, const char *command, const char *address, json_t **reply);

/* Prints why ctl_ask has failed, on standard error. Call it at once, for errno's sake. */
void ctl_say_unreachable(const struct ctl *, const char *error);

/*
 * Connects to an endpoint, at the first of its addresses that takes it within wait_ms. Returns a
 * non-blocking descriptor, or -1 with the reason in *error: static, or strerror(3)'s.
 */
int ctl_connect(const char *endpoint, int wait_ms, const char **error);

/* A command: argv[0] is its name. Returns the exit status. */
typedef int ctl_command_fn(const struct ctl *, int argc, char **argv);

ctl_command_fn ctl_check;
ctl_command_fn ctl_forward;
ctl_command_fn ctl_import;
ctl_command_fn ctl_policy;
ctl_command_fn ctl_reload;
ctl_command_fn ctl_reverse;
ctl_command_fn ctl_secret;
ctl_command_fn ctl_spf;
ctl_command_fn ctl_status;

/* A member of a reply; "" or 0 when it is not there, or is something else. */
const char *ctl_text(const json_t *, const char *name);
long long ctl_number(const json_t *, const char *name);

/* Prints the reply to a --json, readable. */
void ctl_print_json(const json_t *);

/* Prints how the command is used, and returns CTL_USAGE. */
int ctl_usage(const char *text);

#endif
