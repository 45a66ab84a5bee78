/* SPDX-License-Identifier: ISC */
/*
 * srsctl top - rates of the daemon, and the domains that have most of its decisions.
 *
 * On a terminal the table is printed again and again, in place. Elsewhere it is printed once.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/standard_files.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/terminal.h"

/* Seconds between two tables, over which rates are measured. */
#define INTERVAL_DEFAULT 2

/* Forwarding domains in the table. */
#define FORWARD_ROWS 10

/* Columns of a domain in the table. */
#define DOMAIN_WIDTH 44

struct top_options {
	int interval;
	bool once;
	bool json;
};

/* The counters at one moment. */
struct top_sample {
	json_t *status;
	json_t *top;
	uint64_t ms;
};

/* A rate: the counter of a member, or of all members of an object but one. */
struct top_row {
	const char *title;
	const char *object, *inner; /* inner: a member of object, or NULL */
	const char *member;         /* NULL: all of them */
	bool alarming;              /* coloured when it counts */
};

static const struct top_row rows[] = {
	{ "forward rewritten", "lookups", "forward", "rewritten", false },
	{ "forward all", "lookups", "forward", NULL, false },
	{ "reverse rewritten", "lookups", "reverse", "rewritten", false },
	{ "reverse bad-hash", "lookups", "reverse", "bad-hash", true },
	{ "reverse all", "lookups", "reverse", NULL, false },
	{ "policy reject", "policy", NULL, "reject", true },
	{ "policy defer", "policy", NULL, "defer", true },
	{ "policy all", "policy", NULL, NULL, false },
	{ "milter all", "milter", NULL, NULL, false },
	{ "dns from cache", "dns", NULL, "cached", false },
	{ "dns found", "dns", NULL, "found", false },
	{ "dns none", "dns", NULL, "none", false },
	{ "dns failed", "dns", NULL, "failed", true },
	{ "dns timeout", "dns", NULL, "timeout", true },
	{ "dns cancelled", "dns", NULL, "cancelled", false },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void
free_sample(struct top_sample *sample)
{
	json_decref(sample->status);
	json_decref(sample->top);
	memset(sample, 0, sizeof(*sample));
}

/* take_sample - CTL_OK; or CTL_UNKNOWN after the error has been printed */
static int
take_sample(const struct ctl *ctl, struct top_sample *sample)
{
	int status;

	sample->top = NULL;
	status = ctl_ask_for(ctl, "status", NULL, CTL_SHOWN, &sample->status);
	if (status == CTL_OK)
		status = ctl_ask_for(ctl, "top", NULL, CTL_SHOWN, &sample->top);
	sample->ms = clock_elapsed(&clock_system);
	if (status == CTL_OK)
		return CTL_OK;
	free_sample(sample);
	return CTL_UNKNOWN;
}

/* sum_numbers - of all members, and of those of their members */
static long long
sum_numbers(const json_t *object)
{
	json_t *value;
	const char *name;
	long long sum = 0;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value)
		sum += json_is_object(value) ? sum_numbers(value) : ctl_number(object, name);
	return sum;
}

static long long
get_counter(const struct top_sample *sample, const struct top_row *row)
{
	const json_t *object = json_object_get(sample->status, row->object);

	if (row->inner != NULL)
		object = json_object_get(object, row->inner);
	return row->member == NULL ? sum_numbers(object) : ctl_number(object, row->member);
}

/* calculate_rate - per second; an engine that was replaced counts from zero again */
static double
calculate_rate(
    const struct top_sample *before, const struct top_sample *now, const struct top_row *row)
{
	long long difference = get_counter(now, row) - get_counter(before, row);

	if (difference < 0 || now->ms <= before->ms)
		return 0;
	return (double)difference * 1000 / (double)(now->ms - before->ms);
}

static void
print_coloured(const struct terminal *terminal, const char *colour, const char *text)
{
	if (terminal->colour)
		printf("\033[%sm%s\033[0m\n", colour, text);
	else
		puts(text);
}

static void
print_top_title(const struct top_sample *now, const struct terminal *terminal)
{
	char line[200], uptime[DURATION_TEXT_SIZE];

	snprintf(line, sizeof(line), "srsd %.40s, up %s, %lld checks waiting for the DNS",
	    ctl_text(now->status, "version"),
	    ctl_time_span(uptime, ctl_number(now->status, "uptime")),
	    ctl_number(now->status, "checks_in_flight"));
	print_coloured(terminal, "1", line);
}

static void
print_rates(
    const struct top_sample *before, const struct top_sample *now, const struct terminal *terminal)
{
	char line[200];
	double rate;
	size_t i;

	printf("\n%-20s %12s %14s\n", "", "per second", "total");
	for (i = 0; i < N_ROWS; i++) {
		rate = calculate_rate(before, now, &rows[i]);
		snprintf(line, sizeof(line), "%-20s %12.1f %14lld", rows[i].title, rate,
		    get_counter(now, &rows[i]));
		if (rows[i].alarming && rate > 0)
			print_coloured(terminal, "31", line);
		else
			puts(line);
	}
}

static void
print_top_domains(const json_t *top, const char *member, const char *title)
{
	const json_t *domain, *list = json_object_get(top, member);
	size_t i;

	if (json_array_size(list) == 0)
		return;
	printf("\n%-*s %10s %10s\n", DOMAIN_WIDTH, title, "decisions", "refused");
	json_array_foreach (list, i, domain)
		printf("%-*.*s %10lld %10lld\n", DOMAIN_WIDTH, DOMAIN_WIDTH,
		    ctl_text(domain, "domain"), ctl_number(domain, "decisions"),
		    ctl_number(domain, "refused"));
}

/* add_hours - of an event, in the running hour and the one before */
static long long
add_hours(const json_t *domain, const char *event)
{
	return ctl_number(json_object_get(domain, "running_hour"), event) +
	       ctl_number(json_object_get(domain, "last_hour"), event);
}

static void
print_forwarding_domains(const json_t *status)
{
	const json_t *domain,
	    *list = json_object_get(json_object_get(status, "forwards"), "domains");
	size_t i;

	if (json_array_size(list) == 0)
		return;
	printf("\n%-*s %10s %10s %10s\n", DOMAIN_WIDTH,
	    "Forwarding domains, this hour and the last", "forwarded", "not auth.", "bounced");
	json_array_foreach (list, i, domain) {
		if (i == FORWARD_ROWS)
			break;
		printf("%-*.*s %10lld %10lld %10lld\n", DOMAIN_WIDTH, DOMAIN_WIDTH,
		    ctl_text(domain, "domain"), add_hours(domain, "forwarded"),
		    add_hours(domain, "unauthenticated"), add_hours(domain, "bounced"));
	}
}

static void
print_table(
    const struct top_sample *before, const struct top_sample *now, const struct terminal *terminal)
{
	char title[100];

	print_top_title(now, terminal);
	print_rates(before, now, terminal);
	snprintf(title, sizeof(title), "Senders of the last %lld decisions",
	    ctl_number(now->top, "decisions"));
	print_top_domains(now->top, "busiest", title);
	print_top_domains(now->top, "refused", "Most refused senders");
	print_forwarding_domains(now->status);
}

static void
print_json_table(const struct top_sample *before, const struct top_sample *now)
{
	json_t *rates = json_object();
	size_t i;

	for (i = 0; i < N_ROWS; i++)
		json_object_set_new(rates, rows[i].title,
		    json_pack("{s:f, s:I}", "per_second", calculate_rate(before, now, &rows[i]),
			"total", (json_int_t)get_counter(now, &rows[i])));
	json_object_set_new(now->top, "rates", rates);
	json_object_set(now->top, "forwards", json_object_get(now->status, "forwards"));
	ctl_print_json(now->top);
}

static void
wait_interval(int seconds)
{
	struct timespec wait = { seconds, 0 };

	nanosleep(&wait, NULL);
}

static int
run_top(const struct ctl *ctl, const struct top_options *opts, const struct terminal *terminal)
{
	struct top_sample before, now;
	int status = take_sample(ctl, &before);

	if (status != CTL_OK)
		return status;
	do {
		wait_interval(opts->interval);
		status = take_sample(ctl, &now);
		if (status != CTL_OK)
			break;
		if (opts->json) {
			print_json_table(&before, &now);
		} else {
			if (!opts->once)
				fputs("\033[H\033[J", stdout);
			print_table(&before, &now, terminal);
		}
		free_sample(&before);
		before = now;
	} while (standard_files_flush_output() && !opts->once);
	free_sample(&before);
	return status;
}

int
ctl_top(const struct ctl *ctl, const struct command_line *line)
{
	struct top_options opts = {
		.interval = command_line_number(line, "interval", INTERVAL_DEFAULT),
		.json = command_line_has(line, "json"),
		.once = command_line_has(line, "json") || command_line_has(line, "once"),
	};
	struct terminal terminal;

	terminal_describe(&terminal, STDOUT_FILENO);
	if (!terminal.cursor)
		opts.once = true;
	return run_top(ctl, &opts, &terminal);
}
