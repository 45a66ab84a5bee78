/* SPDX-License-Identifier: ISC */
/*
 * ctl - shared by the commands of srsctl: the options before the command, requests to the daemon,
 * and JSON from it.
 */
#ifndef SRSD_CTL_CTL_H
#define SRSD_CTL_CTL_H

#include <stdbool.h>

#include <jansson.h>

#include "common/attributes.h"
#include "common/duration.h"
#include "conf/settings.h"
#include "srsd/ctl/command_line.h"

/* Context of a command; all of it belongs to main(). */
struct ctl {
	struct settings *settings; /* of the configuration, or the defaults */
	const char *config;        /* path of the configuration file */
	const char *config_error;  /* why settings are the defaults; NULL: the file was read */
	const char *socket;        /* path of the control socket; NULL: it is disabled */
	unsigned timeout;          /* seconds to wait for an answer; 0: not given */
};

/* Exit statuses. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,  /* the answer is no */
	CTL_USAGE = 2,   /* the command line is wrong */
	CTL_UNKNOWN = 3, /* there is no answer, because a question could not be asked or answered */
};

/* The seconds to wait for an answer: --timeout, or the preset if it was not given. */
unsigned ctl_timeout(const struct ctl *ctl, unsigned preset);

/* The use of a reply. */
enum ctl_form {
	CTL_SHOWN,  /* its texts and names are made printable, see ctl_make_printable */
	CTL_AS_JSON /* it is unchanged; print it with ctl_print_json or ctl_print_reply_error only */
};

#define CTL_ERROR_SIZE 512

/*
 * Sends a request to the daemon. Returns its reply, a new reference to an object; or NULL with one
 * line in error.
 *
 * SECURITY: the process that replies may be hostile. reply.h limits the size of a reply.
 */
json_t *ctl_ask(
    const struct ctl *ctl, const json_t *request, enum ctl_form form, char error[CTL_ERROR_SIZE]);

/*
 * The same in two steps, for several requests over one connection. ctl_open returns a descriptor,
 * which the caller closes, or -1 with one line in error. patient: the daemon may reply after any
 * time.
 */
int ctl_open(const struct ctl *ctl, char error[CTL_ERROR_SIZE]);
json_t *ctl_exchange(const struct ctl *ctl, int fd, const json_t *request, bool patient,
    enum ctl_form form, char error[CTL_ERROR_SIZE]);

/*
 * Asks for a command with an address; NULL: without one. CTL_OK: *reply is a new reference to the
 * reply. Otherwise the error has been printed, for CTL_AS_JSON in that form as well, and *reply is
 * NULL. CTL_FAILED: the daemon replied with an error. CTL_USAGE: the address is not UTF-8.
 * CTL_UNKNOWN: there is no reply.
 */
int ctl_ask_for(const struct ctl *ctl, const char *command, const char *address, enum ctl_form form,
    json_t **reply);

/* Prints "srsctl: ERROR" on standard error. */
void ctl_print_error(const char *error);

/* Prints the error of a reply, in either form. False when the reply has no error. */
bool ctl_print_reply_error(const json_t *reply);

/* A command. Returns the exit status, an enum ctl_exit. */
typedef int ctl_command_fn(const struct ctl *ctl, const struct command_line *line);

ctl_command_fn ctl_explain;
ctl_command_fn ctl_forward;
ctl_command_fn ctl_policy;
ctl_command_fn ctl_recent;
ctl_command_fn ctl_reload;
ctl_command_fn ctl_reverse;
ctl_command_fn ctl_secret;
ctl_command_fn ctl_spf;
ctl_command_fn ctl_status;
ctl_command_fn ctl_store;
ctl_command_fn ctl_top;

/*
 * Makes untrusted JSON fit for a terminal: all texts and all names of members become printable
 * UTF-8 (common/printable.h). Consumes the reference and returns a new one; NULL for NULL.
 */
json_t *ctl_make_printable(json_t *value);

/* The text of a JSON string; "" for NULL and for any other type. Owned by value. */
const char *ctl_string(const json_t *value);

/* The text of a member of an object; "" when it is missing or not a string. Owned by object. */
const char *ctl_text(const json_t *object, const char *name);

/*
 * The number of a member of an object; 0 when it is missing or not an integer. It is limited to
 * +-CTL_NUMBER_MAX, so that the difference of two such numbers does not overflow.
 */
#define CTL_NUMBER_MAX 1000000000000000LL
long long ctl_number(const json_t *object, const char *name);

/* A number of seconds, as returned by ctl_number, in words; a negative one is "0 s". Returns text. */
const char *ctl_time_span(char text[DURATION_TEXT_SIZE], long long seconds);

/* Prints a question and a TAB, before its answer in the same line. The text is made printable. */
void ctl_print_query(const char *text);

/* Prints JSON on standard output: indented, and in printable ASCII. */
void ctl_print_json(const json_t *json);

/* The same in one line, without spaces. */
void ctl_print_json_line(const json_t *json);

/*
 * For a command line that is wrong: prints "srsctl: COMMAND: TEXT" on standard error, and returns
 * CTL_USAGE. The text may quote arguments; it is made printable.
 */
int ctl_usage(const struct command_line *line, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
