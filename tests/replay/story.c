/* SPDX-License-Identifier: ISC */
/*
 * A story is a text of steps, one per line, which are carried out in order. Its first line is a
 * comment with the behaviour that it shows. "#" at the beginning of a line starts a comment; empty
 * lines are ignored. Bytes may be written with the escapes of text.h, and expected bytes with "*"
 * for any bytes. A word that contains blanks needs quotes; the last part of a line, written REST
 * below, needs none.
 *
 * Files. Their contents are the lines that follow and begin with a TAB:
 *
 *	config		the configuration. If it does not set them, srs-domain is example.com,
 *			nameservers 192.0.2.53, and authserv-id mx.example.com; all other
 *			options have their defaults. secrets-file and domains-file are set.
 *	secrets		one per line, with escapes. Without this step: tops3cr3t
 *	domains		domains-file
 *	zone		the contents of the DNS from now on; see zone.h
 *
 * The first step that needs the services starts them. After that a new file takes effect with
 *
 *	reload			as SIGHUP does
 *	reload refused REST	it fails with this error; the old settings stay in effect
 *	start refused REST	the start fails with this error
 *
 * In errors the paths of the files are CONFIG, SECRETS and DOMAINS.
 *
 * No time passes between steps. A story begins at 2020-01-01T00:01:00Z.
 *
 *	clock TIME		the clock of the system is set: 2026-11-22T13:00:00Z
 *	clock +DURATION		or moved, back with "-"; no time passes
 *	wait DURATION		time passes: 250ms, 20s, 5m, 2h, 3d. DNS answers and deadlines
 *				come in their order.
 *
 * A request from a new client, and the reply, which must come without any delay:
 *
 *	forward KEY -> REST	both without the end of the line
 *	reverse KEY -> REST
 *	socketmap MAP KEY -> REST	without the netstrings around both
 *	control JSON -> REST
 *	policy NAME=VALUE... -> REST	the action. Names are Postfix's, or client, helo,
 *				state, queue, sasl. By default a request comes at RCPT from
 *				192.0.2.1, mx.relay.test, for mail of a@origin.test to
 *				b@local.test, without an instance.
 *
 * Single steps. When a step ends, services have sent all replies that do not need to wait.
 *
 *	open SERVICE CLIENT	forward, reverse, socketmap, policy, milter or control; CLIENT
 *				names the connection
 *	send CLIENT REST	bytes
 *	ask CLIENT NAME=VALUE...	a policy request, as above
 *	expect CLIENT REST	all bytes that have arrived
 *	expect CLIENT nothing	no bytes, and the connection is open
 *	expect CLIENT closed	no bytes, and the service has closed the connection
 *	answer CLIENT REST	the action of the next policy reply
 *	close CLIENT		it disconnects; an earlier step must have expected all replies
 *	vanish CLIENT		it disconnects, whatever it was sent
 *	split N			from now on services read N bytes at a time; 0: all
 *
 * The milter. Its clients speak the protocol as Postfix does, see mta.h. A whole message from a new
 * connection, and the replies, which must come without any delay:
 *
 *	milter NAME=VALUE... -> REPLIES
 *
 * By default a message comes from 127.0.0.1, with the queue ID 4ABC and the header "From:
 * a@origin.test", and is from a@origin.test to b@out.test. NAMEs are
 *
 *	client		the address of the SMTP client, or unknown
 *	name helo	its names: localhost
 *	sender		MAIL FROM, without angle brackets
 *	rcpt		the same of a recipient; it may be repeated
 *	orcpt		ORCPT of the last recipient: rfc822; is put in front of it, unless it has a
 *			type. By default, there is none.
 *	param		another parameter of the last recipient: NOTIFY=NEVER
 *	header		a header; it may be repeated. header= is a message without headers.
 *	queue sasl mailer	the macros i, {auth_authen} and {rcpt_mailer}
 *
 * The word gate is the header that the last policy reply prepended, at this place among the
 * headers. REPLIES are those that decide something, joined with ", ":
 *
 *	accept			at the end of the message, "continue" means the same
 *	chgfrom <ADDRESS>	and addrcpt, delrcpt
 *	quarantine REASON
 *	discard			and reject, tempfail
 *	reply 550 5.1.1 TEXT	at RCPT the message goes on with the next recipient
 *	continue		there was none of these
 *
 * On a connection of a client (open milter CLIENT) that is kept:
 *
 *	mta CLIENT message NAME=VALUE...	the same
 *	mta CLIENT PART NAME=VALUE...	a part: connect, mail, rcpt, headers, eom, abort, quit;
 *					header is one header of several, before headers
 *	mta ... -> REPLIES		and the replies, without any delay
 *	replies CLIENT REPLIES		that have arrived since the last of these steps
 *	replies CLIENT nothing		a reply is missing, and none has arrived
 *	replies CLIENT closed		the milter has closed the connection
 *
 * The envelope store. It is connected and answers, by default. Each
 * envelope-database has its own rows.
 *
 *	store answering		also what it has not answered until now
 *	store silent		it answers nothing
 *	store full		it has no room for another row
 *	store failing REST	it answers with an error; REST is its reason
 *	store lost REST		the connection is lost; REST is the reason
 *	store connected		the connection is there again
 *	store row ALIAS ADDRESS	another program writes a row; ALIAS has 32 characters
 *	store norow ALIAS	another program removes it
 *	store database NAME	the one that was opened last, or none
 *	store rows N		so many rows are in the database that is used
 *	store puts N		number of puts since the last such step
 *	store gets N
 *
 * Other results. Each line of the log and each query is examined once.
 *
 *	log REST		a line that was logged; lines before it are skipped
 *	log only REST		the next line that was logged
 *	log no REST		no remaining line matches; skip all of them
 *	log nothing		no line is left
 *	verbose			log as with -v
 *	dns TYPE NAME...	the next queries to the DNS: all that were sent together
 *	dns nothing		no query is left
 *	dns forget		skip all queries
 *	cancelled TYPE NAME...	the queries that were given up; or nothing
 *	metric NAME VALUE	as on the metrics page
 *
 *	repeat N STEP		N times; {n} in it is 1, 2, ...
 *
 * A story that must fail begins with "# wrong", see replay.c.
 *
 * At the end, no reply may be unread, and no query may be pending.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "tests/replay/captured_log.h"
#include "tests/replay/steps.h"
#include "tests/replay/story.h"
#include "tests/replay/text.h"

/* 2020-01-01T00:01:00Z */
#define BEGIN ((time_t)1577836860)

/* More than any story needs; limits the time of a fuzzer. */
#define STEPS_MAX 20000

bool
story_init(void)
{
	return captured_log_open();
}

bool
story_fail(struct story *story, const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (story->error != NULL)
		return false;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = xstrdup(fmt);
	va_end(ap);
	if (story->turn == 0)
		xasprintf(&story->error, "%s:%u: %s", story->name, story->line, text);
	else
		xasprintf(&story->error, "%s:%u: turn %u: %s", story->name, story->line,
		    story->turn, text);
	free(text);
	return false;
}

bool
story_differs(
    struct story *story, const char *what, const char *got, size_t got_len, struct word want)
{
	char *shown = got == NULL ? xstrdup("") : text_show(got, got_len);

	story_fail(story, "%s:\n  expected %.*s\n  got      %s", what, (int)want.len, want.s,
	    got == NULL ? "(nothing)" : shown);
	free(shown);
	return false;
}

bool
story_compare(
    struct story *story, const char *what, const char *got, size_t got_len, struct word want)
{
	struct text_pattern text;
	const char *error;
	bool same;

	if (!text_read(&text, want.s, want.len, &error))
		return story_fail(story, "%s: %s", what, error);
	same = got != NULL && text_matches(&text, got, got_len);
	text_free(&text);
	return same || story_differs(story, what, got, got_len, want);
}

/* next_line - false at the end of the story */
static bool
next_line(struct story *story, struct word *line)
{
	const char *nl;

	if (story->rest.len == 0)
		return false;
	nl = memchr(story->rest.s, '\n', story->rest.len);
	*line = story->rest;
	line->len = nl == NULL ? story->rest.len : (size_t)(nl - story->rest.s);
	story->rest.len -= nl == NULL ? line->len : line->len + 1;
	story->rest.s += nl == NULL ? line->len : line->len + 1;
	story->line++;
	return true;
}

bool
story_block_line(struct story *story, struct word *line)
{
	if (story->rest.len == 0 || *story->rest.s != '\t' || !next_line(story, line))
		return false;
	line->s++;
	line->len--;
	return true;
}

static bool
is_step(struct word line)
{
	return word_rest(line).len > 0 && *line.s != '#';
}

/* check_end - the replies that no step has examined */
static bool
check_end(struct story *story)
{
	const struct word nothing = word_of_text("nothing");
	const struct client *client;
	const char *unread;
	size_t len;

	LIST_FOREACH (client, &story->world.clients, next) {
		unread = steps_unread(client, &len);
		if (unread != NULL)
			return story_differs(story, client->name, unread, len, nothing);
	}
	return true;
}

char *
story_play(const char *name, const char *text, size_t len)
{
	struct story story = { .name = name, .rest = word_of(text, len), .steps = STEPS_MAX };
	const char *why = NULL;
	struct word line;
	bool ok = true;

	if (len == 0 || *text != '#')
		ok = story_fail(&story, "the first line is no comment that says what it shows");
	world_begin(&story.world, BEGIN);
	while (ok && next_line(&story, &line))
		ok = !is_step(line) || story_step(&story, line);
	if (ok)
		check_end(&story);
	if (!world_end(&story.world, &why))
		story_fail(&story, "%s", why);
	free(story.prepended);
	return story.error;
}
