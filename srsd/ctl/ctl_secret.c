/* SPDX-License-Identifier: ISC */
/*
 * srsctl secret - generate, list, promote and retire the secrets of the secrets-file. A secret is
 * never printed; a fingerprint identifies it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/day.h"
#include "common/log.h"
#include "common/printable.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/promotion.h"
#include "srsd/ctl/secret_file.h"
#include "srsd/ctl/secret_use.h"
#include "srsd/srs/secret_access.h"

struct secret_command {
	const struct ctl *ctl;
	const struct command_line *line;
	struct secret_file *file;
	json_t *daemon; /* an array of the secrets that the daemon has; NULL: unknown */
	time_t now;
};

static const char *
format_local_date(char text[DAY_TEXT_SIZE], time_t t)
{
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(text, DAY_TEXT_SIZE, "%Y-%m-%d", &tm);
	return text;
}

static int
refuse_command(const char *text)
{
	ctl_print_error(text);
	return CTL_FAILED;
}

/* print_secret_change - and what the user has to do next */
static void
print_secret_change(
    const struct secret_command *s, const char *fingerprint, int position, const char *what)
{
	json_t *json;

	if (!command_line_has(s->line, "json")) {
		printf("%s %s; to apply the change, run: %s\n", fingerprint, what,
		    secret_access_apply());
		return;
	}
	json = json_pack("{s:s, s:o, s:b}", "fingerprint", fingerprint, "position",
	    position == 0 ? json_null() : json_integer(position), "signs", position == 1);
	ctl_print_json(json);
	json_decref(json);
}

/* write_secret_change - position: that of the secret from now on, from 1; 0: it is removed */
static int
write_secret_change(
    const struct secret_command *s, const char *fingerprint, int position, const char *what)
{
	char error[SECRET_FILE_ERROR_SIZE];

	if (!secret_file_write(s->file, error)) {
		ctl_print_error(error);
		return CTL_UNKNOWN;
	}
	print_secret_change(s, fingerprint, position, what);
	return CTL_OK;
}

/* warn_of_lost_secrets - the history shows that there were others, and is about to be replaced */
static void
warn_of_lost_secrets(const struct secret_command *s)
{
	if (secret_file_has_lost(s->file))
		log_warnx(
		    "the secrets that %s contained before are lost: bounces to addresses that "
		    "they signed are refused, unless you restore the file from a backup",
		    s->ctl->settings->secrets_file);
}

static int
run_new(const struct secret_command *s)
{
	char secret[SRS_MAC_SECRET_LEN + 1];
	bool made, alone = secret_file_count(s->file) == 0, last;
	size_t n;

	warn_of_lost_secrets(s);
	last = command_line_has(s->line, "last") && !alone;
	made = srs_mac_new_secret(secret) && secret_file_add(s->file, secret, last, s->now);
	explicit_bzero(secret, sizeof(secret));
	if (!made) {
		ctl_print_error("libcrypto cannot generate a secret");
		return CTL_UNKNOWN;
	}
	n = last ? secret_file_count(s->file) : 1;
	return write_secret_change(s, secret_file_past(s->file, n - 1)->fingerprint, (int)n,
	    last    ? "is the last secret and only verifies"
	    : alone ? "is the only secret and signs"
		    : "is the first secret and signs");
}

/* is_daemon_late - does it still sign with another secret than the first one of the file? */
static bool
is_daemon_late(const struct secret_command *s)
{
	return json_array_size(s->daemon) > 0 &&
	       !secret_use_signs(s->daemon, secret_file_past(s->file, 0)->fingerprint);
}

/* print_secret_state - whether the secret signs, and until when it must be kept */
static void
print_secret_state(const struct secret_command *s, const struct srs_secret_past *past)
{
	char stopped[DAY_TEXT_SIZE], end[DAY_TEXT_SIZE];

	switch (past->state) {
	case SECRET_SIGNS:
		fputs(is_daemon_late(s) ? " will sign" : " signs", stdout);
		break;
	case SECRET_STOPPED:
		if (secret_use_signs(s->daemon, past->fingerprint)) {
			fputs(" still signs", stdout);
			break;
		}
		printf(" signed until %s, keep until %s", format_local_date(stopped, past->stopped),
		    format_local_date(end, srs_secret_past_end(past, s->ctl->settings)));
		break;
	case SECRET_UNUSED:
		fputs(" has not signed yet", stdout);
		break;
	}
}

static void
print_secret(const struct secret_command *s, size_t i)
{
	const struct srs_secret_past *past = secret_file_past(s->file, i);
	const json_t *times = secret_use_verified(s->daemon, past->fingerprint);
	char created[DAY_TEXT_SIZE];

	printf("%zu %s since ", i + 1, past->fingerprint);
	if (past->created == 0)
		putchar('-');
	else
		printf("%s (%lld days)", format_local_date(created, past->created),
		    (long long)((s->now - past->created) / DAY_SECONDS));
	print_secret_state(s, past);
	if (json_is_integer(times))
		printf(" verified %lld\n", (long long)json_integer_value(times));
	else
		puts(" verified -");
}

static json_t *
make_time_json(time_t t)
{
	return t == 0 ? json_null() : json_integer(t);
}

static json_t *
make_secret_json(const struct secret_command *s, size_t i)
{
	const struct srs_secret_past *past = secret_file_past(s->file, i);
	const json_t *times = secret_use_verified(s->daemon, past->fingerprint);
	bool stopped =
	    past->state == SECRET_STOPPED && !secret_use_signs(s->daemon, past->fingerprint);

	return json_pack("{s:i, s:s, s:o, s:b, s:o, s:o, s:o}", "position", (int)i + 1,
	    "fingerprint", past->fingerprint, "created", make_time_json(past->created), "signs",
	    past->state == SECRET_SIGNS, "stopped", make_time_json(stopped ? past->stopped : 0),
	    "keep_until", make_time_json(stopped ? srs_secret_past_end(past, s->ctl->settings) : 0),
	    "verified", json_is_integer(times) ? json_deep_copy(times) : json_null());
}

static int
run_list(const struct secret_command *s)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < secret_file_count(s->file); i++) {
		if (command_line_has(s->line, "json"))
			json_array_append_new(all, make_secret_json(s, i));
		else
			print_secret(s, i);
	}
	all = json_pack("{s:s, s:o}", "file", s->ctl->settings->secrets_file, "secrets", all);
	if (command_line_has(s->line, "json"))
		ctl_print_json(all);
	json_decref(all);
	if (secret_use_is_outdated(s->daemon, s->file)) {
		fprintf(stderr, "srsctl: the secrets of the daemon differ from the file; run: %s\n",
		    secret_access_apply());
		secret_use_record(s->ctl, s->daemon);
	}
	return CTL_OK;
}

/* find_named_secret - by the fingerprint given; prints an error and returns -1 if it is unknown */
static int
find_named_secret(const struct secret_command *s)
{
	const char *fingerprint = command_line_argument(s->line, 0);
	char text[128], shown[64];
	int i = secret_file_find(s->file, fingerprint);

	if (i != -1)
		return i;
	snprintf(text, sizeof(text), "no secret has the fingerprint '%s'; see: srsctl secret list",
	    printable_text(shown, sizeof(shown), fingerprint, strlen(fingerprint)));
	refuse_command(text);
	return -1;
}

/* print_promotion_outlook - of --dry-run */
static void
print_promotion_outlook(const struct secret_command *s, const char *fingerprint)
{
	json_t *json;

	if (!command_line_has(s->line, "json")) {
		printf("%s can be promoted\n", fingerprint);
		return;
	}
	json = json_pack("{s:s, s:b}", "fingerprint", fingerprint, "can_be_promoted", 1);
	ctl_print_json(json);
	json_decref(json);
}

static int
run_promote(const struct secret_command *s)
{
	int i = find_named_secret(s);

	if (i == -1)
		return CTL_FAILED;
	if (i == 0)
		return refuse_command("this secret is already the first one");
	if (!command_line_has(s->line, "force") &&
	    !promotion_is_safe(s->ctl, s->file, (size_t)i, s->now))
		return CTL_FAILED;
	if (command_line_has(s->line, "dry-run")) {
		print_promotion_outlook(s, secret_file_past(s->file, (size_t)i)->fingerprint);
		return CTL_OK;
	}
	secret_file_promote(s->file, (size_t)i, s->now);
	return write_secret_change(
	    s, secret_file_past(s->file, 0)->fingerprint, 1, "is the first secret and signs");
}

/* may_retire_later - for a secret that is not the first one: false while its addresses are valid */
static bool
may_retire_later(const struct secret_command *s, size_t i)
{
	const struct srs_secret_past *past = secret_file_past(s->file, i);
	char error[SECRET_FILE_ERROR_SIZE], text[256], end[DAY_TEXT_SIZE];

	if (secret_use_signs(s->daemon, past->fingerprint)) {
		secret_file_stop(s->file, i, s->now);
		if (!secret_file_write(s->file, error))
			refuse_command(error);
		snprintf(text, sizeof(text),
		    "the daemon still signs with this secret; run this first: %s",
		    secret_access_apply());
		refuse_command(text);
		return false;
	}
	if (past->state == SECRET_UNUSED) {
		refuse_command(
		    "this secret has not signed here, but other servers may sign with it; "
		    "--force retires it");
		return false;
	}
	if (s->now >= srs_secret_past_end(past, s->ctl->settings))
		return true;
	snprintf(text, sizeof(text),
	    "addresses that it signed may return until %s; retire it after that day, or use --force",
	    format_local_date(end, srs_secret_past_end(past, s->ctl->settings)));
	refuse_command(text);
	return false;
}

static bool
may_retire(const struct secret_command *s, size_t i)
{
	char text[128];

	if (secret_file_count(s->file) == 1) {
		refuse_command("this is the only secret; run this first: srsctl secret new");
		return false;
	}
	if (command_line_has(s->line, "force"))
		return true;
	if (i > 0)
		return may_retire_later(s, i);
	snprintf(text, sizeof(text),
	    "this secret signs; make another one sign first: srsctl secret new or promote, then %s",
	    secret_access_apply());
	refuse_command(text);
	return false;
}

static int
run_retire(const struct secret_command *s)
{
	char fingerprint[SRS_MAC_FINGERPRINT_LEN + 1];
	int i = find_named_secret(s);

	if (i == -1 || !may_retire(s, (size_t)i))
		return CTL_FAILED;
	strlcpy(
	    fingerprint, secret_file_past(s->file, (size_t)i)->fingerprint, sizeof(fingerprint));
	secret_file_remove(s->file, (size_t)i);
	return write_secret_change(s, fingerprint, 0, "is retired");
}

static const struct {
	const char *name;
	int (*run)(const struct secret_command *);
	bool changes;
} commands[] = {
	{ "secret list", run_list, false },
	{ "secret new", run_new, true },
	{ "secret promote", run_promote, true },
	{ "secret retire", run_retire, true },
};

static size_t
find_secret_command(const struct command_line *line)
{
	size_t i = 0;

	while (strcmp(commands[i].name, line->command->name) != 0)
		i++;
	return i;
}

/* add_access_hint - to an error, if this user may not read the file */
static void
add_access_hint(const char *path, char error[SECRET_FILE_ERROR_SIZE])
{
	if (access(path, R_OK) == -1 && errno == EACCES)
		strlcat(error, "; run srsctl as root", SECRET_FILE_ERROR_SIZE);
}

int
ctl_secret(const struct ctl *ctl, const struct command_line *line)
{
	struct secret_owner new_owner = secret_file_new_owner(ctl->settings);
	struct secret_command s = { .ctl = ctl, .line = line, .now = time(NULL) };
	size_t command = find_secret_command(line);
	char error[SECRET_FILE_ERROR_SIZE], unreachable[CTL_ERROR_SIZE];
	bool changes = commands[command].changes;
	int status;

	if (commands[command].run == run_promote && command_line_has(line, "dry-run"))
		changes = false;
	s.file = secret_file_open(ctl->settings->secrets_file, changes ? &new_owner : NULL, error);
	if (s.file == NULL) {
		add_access_hint(ctl->settings->secrets_file, error);
		ctl_print_error(error);
		return CTL_UNKNOWN;
	}
	s.daemon = secret_use_ask(ctl, unreachable);
	status = commands[command].run(&s);
	json_decref(s.daemon);
	secret_file_close(&s.file);
	return status;
}
