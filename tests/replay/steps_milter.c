/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/xmalloc.h"
#include "tests/replay/mta.h"
#include "tests/replay/steps.h"
#include "tests/replay/text.h"

/* The port of the SMTP client: any. */
#define CLIENT_PORT 50000

/* The words of a message: their values come from the line, or are these. */
static const struct {
	const char *name;
	const char *value;
} message_words[] = {
	{ "client", "127.0.0.1" },
	{ "name", "localhost" },
	{ "helo", "localhost" },
	{ "sender", "a@origin.test" },
	{ "rcpt", "b@out.test" },
	{ "orcpt", "" },
	{ "param", "" },
	{ "header", "From: a@origin.test" },
	{ "queue", "4ABC" },
	{ "sasl", "" },
	{ "mailer", "smtp" },
};

#define MESSAGE_WORDS (sizeof(message_words) / sizeof(message_words[0]))

/* The macros that no word changes. */
static const struct {
	const char *name;
	const char *value;
} fixed_macros[] = {
	{ "j", "mx.example.com" },
	{ "v", "Postfix 3.7.11" },
	{ "{daemon_name}", "mx.example.com" },
	{ "{daemon_addr}", "127.0.0.1" },
	{ "{mail_mailer}", "smtp" },
};

/* has_word - is there a word NAME=...? The last one is the value. */
static bool
has_word(struct word line, const char *wanted, struct word *value)
{
	struct word word, name, text;
	bool found = false;

	while (word_next(&line, &word))
		if (steps_split(word, &name, &text) && word_is(name, wanted)) {
			*value = text;
			found = true;
		}
	return found;
}

/* word_value - of the line, or the default */
static struct word
word_value(struct word line, const char *name)
{
	struct word value;
	size_t i = 0;

	if (has_word(line, name, &value))
		return value;
	while (i < MESSAGE_WORDS - 1 && strcmp(message_words[i].name, name) != 0)
		i++;
	return word_of_text(message_words[i].value);
}

static bool
is_message_word(struct word name)
{
	size_t i;

	for (i = 0; i < MESSAGE_WORDS; i++)
		if (word_is(name, message_words[i].name))
			return true;
	return false;
}

static bool
check_words(struct story *story, struct word line)
{
	struct word word, name, value;

	while (word_next(&line, &word)) {
		if (word_is(word, "gate"))
			continue;
		if (!steps_split(word, &name, &value) || !is_message_word(name))
			return story_fail(story, "not of a message: %.*s", (int)word.len, word.s);
	}
	return true;
}

/* put_bytes - the bytes of a word */
static bool
put_bytes(struct story *story, struct evbuffer *to, struct word word)
{
	const char *error;
	size_t n;
	char *bytes = text_bytes(word.s, word.len, &n, &error);

	if (bytes == NULL)
		return story_fail(story, "%s", error);
	evbuffer_add(to, bytes, n);
	free(bytes);
	return true;
}

/* queue_payload - a command; frees the payload */
static void
queue_payload(struct mta *mta, char command, struct evbuffer *payload)
{
	mta_command(
	    mta, command, (const char *)evbuffer_pullup(payload, -1), evbuffer_get_length(payload));
	evbuffer_free(payload);
}

static bool
queue_macro(struct story *story, struct mta *mta, const char *name, struct word value)
{
	struct evbuffer *bytes = evbuffer_new();
	bool ok = put_bytes(story, bytes, value);

	if (ok)
		mta_set_macro(mta, name, (const char *)evbuffer_pullup(bytes, -1),
		    evbuffer_get_length(bytes));
	evbuffer_free(bytes);
	return ok;
}

/* domain_of - what follows the last "@" */
static struct word
domain_of(struct word address)
{
	size_t n = address.len;

	while (n > 0 && address.s[n - 1] != '@')
		n--;
	return word_of(address.s + n, n == 0 ? 0 : address.len - n);
}

/* put_address - the family, the port and the address of the client */
static void
put_address(struct evbuffer *to, struct word address)
{
	const uint16_t port = htons(CLIENT_PORT);
	const char *family = memchr(address.s, ':', address.len) != NULL ? "6" : "4";

	if (word_is(address, "unknown")) {
		evbuffer_add(to, "U", 1);
		return;
	}
	evbuffer_add(to, family, 1);
	evbuffer_add(to, &port, sizeof(port));
	evbuffer_add(to, address.s, address.len);
	evbuffer_add(to, "", 1);
}

static bool
queue_connect(struct story *story, struct mta *mta, struct word line)
{
	struct evbuffer *connect = evbuffer_new(), *helo = evbuffer_new();
	bool ok = put_bytes(story, connect, word_value(line, "name")) &&
		  put_bytes(story, helo, word_value(line, "helo"));
	size_t i;

	for (i = 0; i < sizeof(fixed_macros) / sizeof(fixed_macros[0]); i++)
		mta_set_macro(mta, fixed_macros[i].name, fixed_macros[i].value,
		    strlen(fixed_macros[i].value));
	evbuffer_add(connect, "", 1);
	put_address(connect, word_value(line, "client"));
	evbuffer_add(helo, "", 1);
	queue_payload(mta, 'C', connect);
	queue_payload(mta, 'H', helo);
	return ok;
}

/* put_path - an address in angle brackets */
static bool
put_path(struct story *story, struct evbuffer *to, struct word address)
{
	bool ok;

	evbuffer_add(to, "<", 1);
	ok = put_bytes(story, to, address);
	evbuffer_add(to, ">", 2);
	return ok;
}

static bool
queue_mail(struct story *story, struct mta *mta, struct word line)
{
	struct word sender = word_value(line, "sender"), sasl = word_value(line, "sasl");
	struct evbuffer *mail = evbuffer_new();
	bool ok = put_path(story, mail, sender);

	evbuffer_add(mail, "SIZE=1000", sizeof("SIZE=1000"));
	ok = ok && queue_macro(story, mta, "i", word_value(line, "queue")) &&
	     queue_macro(story, mta, "{auth_authen}", sasl) &&
	     queue_macro(story, mta, "{auth_type}", word_of_text(sasl.len > 0 ? "PLAIN" : "")) &&
	     queue_macro(story, mta, "{mail_addr}", sender) &&
	     queue_macro(story, mta, "{mail_host}", domain_of(sender));
	queue_payload(mta, 'M', mail);
	return ok;
}

/* begin_rcpt - RCPT without its parameters; NULL: the story has failed */
static struct evbuffer *
begin_rcpt(struct story *story, struct mta *mta, struct word rcpt, struct word mailer)
{
	struct evbuffer *payload = evbuffer_new();

	if (put_path(story, payload, rcpt) && queue_macro(story, mta, "{rcpt_addr}", rcpt) &&
	    queue_macro(story, mta, "{rcpt_host}", domain_of(rcpt)) &&
	    queue_macro(story, mta, "{rcpt_mailer}", mailer))
		return payload;
	evbuffer_free(payload);
	return NULL;
}

static bool
put_parameter(struct story *story, struct evbuffer *to, const char *before, struct word value)
{
	bool ok;

	evbuffer_add(to, before, strlen(before));
	ok = put_bytes(story, to, value);
	evbuffer_add(to, "", 1);
	return ok;
}

/* put_rcpt_word - a parameter of the last recipient, if the word is one */
static bool
put_rcpt_word(struct story *story, struct evbuffer *to, struct word name, struct word value)
{
	bool typed = memchr(value.s, ';', value.len) != NULL;

	if (!word_is(name, "orcpt") && !word_is(name, "param"))
		return true;
	if (to == NULL)
		return story_fail(story, "%.*s comes before its rcpt", (int)name.len, name.s);
	if (word_is(name, "param"))
		return put_parameter(story, to, "", value);
	return put_parameter(story, to, typed ? "ORCPT=" : "ORCPT=rfc822;", value);
}

/* queue_rcpts - each with the parameters that follow it */
static bool
queue_rcpts(struct story *story, struct mta *mta, struct word line)
{
	const struct word mailer = word_value(line, "mailer");
	struct evbuffer *rcpt = NULL;
	struct word word, name, value, rest = line;
	bool ok = true;

	if (!has_word(line, "rcpt", &value))
		rcpt = begin_rcpt(story, mta, word_value(line, "rcpt"), mailer);
	while (ok && word_next(&rest, &word)) {
		if (!steps_split(word, &name, &value))
			continue;
		if (word_is(name, "rcpt")) {
			if (rcpt != NULL)
				queue_payload(mta, 'R', rcpt);
			rcpt = begin_rcpt(story, mta, value, mailer);
			ok = rcpt != NULL;
		} else {
			ok = put_rcpt_word(story, rcpt, name, value);
		}
	}
	if (rcpt != NULL)
		queue_payload(mta, 'R', rcpt);
	return ok && story->error == NULL;
}

/* queue_header - "NAME: VALUE" */
static bool
queue_header(struct story *story, struct mta *mta, const char *s, size_t len)
{
	const char *colon = memchr(s, ':', len), *value;
	struct evbuffer *header;

	if (colon == NULL)
		return story_fail(story, "a header wants a colon");
	value = colon + 1;
	if (value < s + len && *value == ' ')
		value++;
	header = evbuffer_new();
	evbuffer_add(header, s, (size_t)(colon - s));
	evbuffer_add(header, "", 1);
	evbuffer_add(header, value, (size_t)(s + len - value));
	evbuffer_add(header, "", 1);
	queue_payload(mta, 'L', header);
	return true;
}

/* queue_header_word - the header of a word; none if it is empty */
static bool
queue_header_word(struct story *story, struct mta *mta, struct word text)
{
	const char *error;
	size_t n;
	char *bytes = text_bytes(text.s, text.len, &n, &error);
	bool ok;

	if (bytes == NULL)
		return story_fail(story, "%s", error);
	ok = n == 0 || queue_header(story, mta, bytes, n);
	free(bytes);
	return ok;
}

static bool
queue_gate_header(struct story *story, struct mta *mta)
{
	if (story->prepended == NULL)
		return story_fail(story, "no policy reply has prepended a header");
	return queue_header(story, mta, story->prepended, strlen(story->prepended));
}

/* queue_header_words - the headers of the line in their order, or the default */
static bool
queue_header_words(struct story *story, struct mta *mta, struct word line)
{
	struct word word, name, value, rest = line;
	bool ok = true;

	while (ok && word_next(&rest, &word)) {
		if (word_is(word, "gate"))
			ok = queue_gate_header(story, mta);
		else if (steps_split(word, &name, &value) && word_is(name, "header"))
			ok = queue_header_word(story, mta, value);
	}
	if (ok && !has_word(line, "header", &value))
		ok = queue_header_word(story, mta, word_value(line, "header"));
	return ok;
}

/* queue_headers - DATA, the headers, and their end */
static bool
queue_headers(struct story *story, struct mta *mta, struct word line)
{
	bool ok;

	mta_command(mta, 'T', NULL, 0);
	ok = queue_header_words(story, mta, line);
	mta_command(mta, 'N', NULL, 0);
	return ok;
}

static bool
queue_abort(struct story *story, struct mta *mta, struct word line)
{
	(void)story;
	(void)line;
	mta_command(mta, 'A', NULL, 0);
	return true;
}

static bool
queue_eom(struct story *story, struct mta *mta, struct word line)
{
	static const char body[] = "Hello\r\n";

	mta_command(mta, 'B', body, strlen(body));
	mta_command(mta, 'E', NULL, 0);
	return queue_abort(story, mta, line);
}

static bool
queue_message(struct story *story, struct mta *mta, struct word line)
{
	return queue_mail(story, mta, line) && queue_rcpts(story, mta, line) &&
	       queue_headers(story, mta, line) && queue_eom(story, mta, line);
}

static bool
queue_quit(struct story *story, struct mta *mta, struct word line)
{
	queue_abort(story, mta, line);
	mta_command(mta, 'Q', NULL, 0);
	return true;
}

static const struct {
	const char *name;
	bool (*queue)(struct story *, struct mta *, struct word line);
} message_parts[] = {
	{ "abort", queue_abort },
	{ "connect", queue_connect },
	{ "eom", queue_eom },
	{ "header", queue_header_words },
	{ "headers", queue_headers },
	{ "mail", queue_mail },
	{ "message", queue_message },
	{ "quit", queue_quit },
	{ "rcpt", queue_rcpts },
};

static bool
queue_part(struct story *story, struct mta *mta, struct word part, struct word line)
{
	size_t i;

	for (i = 0; i < sizeof(message_parts) / sizeof(message_parts[0]); i++)
		if (word_is(part, message_parts[i].name))
			return message_parts[i].queue(story, mta, line);
	return story_fail(story, "mta: no such part: %.*s", (int)part.len, part.s);
}

static bool
receive_replies(struct story *story, struct client *client)
{
	const char *why;

	return mta_receive(client->mta, client->output, &why) ||
	       story_fail(story, "%s: the milter sends %s", client->name, why);
}

/* run_mta - send what is queued, until a reply is missing */
static bool
run_mta(struct story *story, struct client *client)
{
	struct evbuffer *bytes = evbuffer_new();
	bool ok = receive_replies(story, client);

	while (ok && mta_send(client->mta, bytes)) {
		ok = steps_send(story, client, (const char *)evbuffer_pullup(bytes, -1),
			 evbuffer_get_length(bytes)) &&
		     receive_replies(story, client);
		evbuffer_drain(bytes, evbuffer_get_length(bytes));
	}
	evbuffer_free(bytes);
	return ok;
}

static bool
compare_replies(struct story *story, struct client *client, struct word want)
{
	static const char closed[] = "closed";
	size_t len;
	const char *got = mta_replies(client->mta, &len);

	if (client->session == NULL && !mta_has_replies(client->mta)) {
		got = closed;
		len = strlen(closed);
	}
	if (!story_compare(story, client->name, got, len, want))
		return false;
	mta_forget(client->mta);
	return true;
}

/* begin_mta - its connection begins with the words of the line, unless they are a part of it */
static bool
begin_mta(struct story *story, struct client *client, struct word part, struct word line)
{
	if (client->mta != NULL)
		return true;
	client->mta = mta_new();
	return word_is(part, "connect") || queue_connect(story, client->mta, line);
}

bool
step_mta(struct story *story, struct word line)
{
	struct word want, part;
	bool compared = word_cut_arrow(&line, &want);
	struct client *client = steps_cut_client(story, &line);

	if (client == NULL)
		return false;
	if (!word_next(&line, &part))
		return story_fail(story, "mta wants a part of a message");
	return check_words(story, line) && begin_mta(story, client, part, line) &&
	       queue_part(story, client->mta, part, line) && run_mta(story, client) &&
	       (!compared || compare_replies(story, client, want));
}

bool
step_replies(struct story *story, struct word line)
{
	struct client *client = steps_cut_client(story, &line);

	if (client == NULL)
		return false;
	if (client->mta == NULL)
		return story_fail(story, "%s is no client of the milter", client->name);
	return run_mta(story, client) && compare_replies(story, client, word_rest(line));
}

/* check_quit - the milter closes the connection after a QUIT */
static bool
check_quit(struct story *story, const struct client *client)
{
	return client->session == NULL ||
	       story_fail(story, "the milter keeps the connection after QUIT");
}

bool
step_milter(struct story *story, struct word line)
{
	const struct word service = word_of_text("milter");
	struct client *client;
	struct word want;
	bool ok;

	if (!word_cut_arrow(&line, &want))
		return story_fail(story, "milter wants: NAME=VALUE... -> REPLIES");
	client = check_words(story, line) ? steps_open_client(story, service, service) : NULL;
	if (client == NULL)
		return false;
	client->mta = mta_new();
	ok = queue_connect(story, client->mta, line) && queue_message(story, client->mta, line) &&
	     run_mta(story, client) && compare_replies(story, client, want) &&
	     queue_quit(story, client->mta, line) && run_mta(story, client) &&
	     check_quit(story, client);
	steps_leave(story, client);
	return ok;
}
