/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/xmalloc.h"
#include "tests/replay/mta.h"

/* What Postfix 3.7 offers. */
#define OFFERED_VERSION 6
#define OFFERED_ACTIONS 0x1ffu
#define OFFERED_STEPS 0x1fffffu

/* Headers with the blank after their colon; not supported here. */
#define STEP_LEADING_BLANK 0x100000u

/* The command has no reply, whatever was agreed on. */
#define NEVER 0xffffffffu

#define HEAD_SIZE 4
#define REPLY_MAX (1u << 20)
#define STAGES 7
#define LIST_SIZE 512
#define MACROS_MAX 32

/* A command: the flags of the steps that omit it, or its reply, and the stage of its macros. */
struct command_kind {
	char command;
	uint32_t omitted, unanswered;
	int stage; /* -1: no macros */
};

static const struct command_kind command_kinds[] = {
	{ 'C', 0x1, 0x1000, 0 },
	{ 'H', 0x2, 0x2000, 1 },
	{ 'M', 0x4, 0x4000, 2 },
	{ 'R', 0x8, 0x8000, 3 },
	{ 'T', 0x200, 0x10000, 4 },
	{ 'L', 0x20, 0x80, 6 },
	{ 'N', 0x40, 0x40000, 6 },
	{ 'B', 0x10, 0x80000, 5 },
	{ 'E', 0, 0, 5 },
	{ 'A', 0, NEVER, -1 },
	{ 'Q', 0, NEVER, -1 },
};

/* The commands whose macros are sent also if the command itself is omitted. */
static const char lone_macros[] = "CHMRT";

/* The macros that Postfix sends unless the milter lists others. */
static const char *const stage_macros[STAGES] = {
	"j {daemon_name} {daemon_addr} v _",
	"{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",
	"i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}",
	"i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
	"i",
	"i",
	"i",
};

/* A reply: the action that must have been agreed on for it, and how its payload is written. */
struct reply_kind {
	char command;
	const char *name;
	uint32_t action;
	const char *form; /* of the payload: a text each; 'a' after a blank, '?' perhaps absent */
};

static const struct reply_kind reply_kinds[] = {
	{ '+', "addrcpt", 0x4, "a" },
	{ '-', "delrcpt", 0x8, "a" },
	{ '2', "addrcpt", 0x80, "a?" },
	{ '4', "shutdown", 0, "" },
	{ 'a', "accept", 0, "" },
	{ 'c', "continue", 0, "" },
	{ 'd', "discard", 0, "" },
	{ 'e', "chgfrom", 0x40, "a?" },
	{ 'f', "connfail", 0, "" },
	{ 'h', "addheader", 0x1, "aa" },
	{ 'p', "progress", 0, "" },
	{ 'q', "quarantine", 0x20, "a" },
	{ 'r', "reject", 0, "" },
	{ 't', "tempfail", 0, "" },
	{ 'y', "reply", 0, "a" },
};

struct queued_command {
	STAILQ_ENTRY(queued_command) next;
	char command; /* '=': the name and the value of a macro */
	size_t len;
	char data[];
};

struct macro_value {
	char *name, *value;
	size_t len;
};

struct mta {
	STAILQ_HEAD(, queued_command) queue;
	struct macro_value macros[MACROS_MAX];
	char lists[STAGES][LIST_SIZE];
	uint32_t actions, steps;
	char awaited;   /* the command whose reply is missing; 0: none */
	bool begun;     /* options have been negotiated */
	bool over;      /* the milter wants no more of this connection */
	bool message;   /* a message has begun, and was not aborted */
	bool decided;   /* the milter wants no more of this message */
	unsigned rcpts; /* accepted ones of this message */
	struct evbuffer *said;
};

static const struct command_kind *
find_command_kind(char command)
{
	size_t i;

	for (i = 0; i < sizeof(command_kinds) / sizeof(command_kinds[0]); i++)
		if (command_kinds[i].command == command)
			return &command_kinds[i];
	return NULL;
}

static const struct reply_kind *
find_reply_kind(char command)
{
	size_t i;

	for (i = 0; i < sizeof(reply_kinds) / sizeof(reply_kinds[0]); i++)
		if (reply_kinds[i].command == command)
			return &reply_kinds[i];
	return NULL;
}

int
mta_parse(const char *bytes, size_t len, size_t *used, struct mta_reply *reply)
{
	uint32_t n;

	if (len < HEAD_SIZE)
		return 0;
	memcpy(&n, bytes, HEAD_SIZE);
	n = ntohl(n);
	if (n == 0 || n > REPLY_MAX)
		return -1;
	if (len - HEAD_SIZE < n)
		return 0;
	*used = HEAD_SIZE + n;
	*reply = (struct mta_reply){ bytes[HEAD_SIZE], bytes + HEAD_SIZE + 1, n - 1 };
	return reply->command == 'O' || find_reply_kind(reply->command) != NULL ? 1 : -1;
}

bool
mta_is_last(char command)
{
	return strchr("Oacdrty4f", command) != NULL;
}

bool
mta_is_change(char command)
{
	return command != 'p' && !mta_is_last(command);
}

struct mta *
mta_new(void)
{
	struct mta *mta = xcalloc(1, sizeof(*mta));
	size_t i;

	STAILQ_INIT(&mta->queue);
	for (i = 0; i < STAGES; i++)
		strlcpy(mta->lists[i], stage_macros[i], LIST_SIZE);
	mta->said = evbuffer_new();
	return mta;
}

void
mta_free(struct mta **mtap)
{
	struct mta *mta = *mtap;
	struct queued_command *command;
	size_t i;

	*mtap = NULL;
	if (mta == NULL)
		return;
	while ((command = STAILQ_FIRST(&mta->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&mta->queue, next);
		free(command);
	}
	for (i = 0; i < MACROS_MAX; i++) {
		free(mta->macros[i].name);
		free(mta->macros[i].value);
	}
	evbuffer_free(mta->said);
	free(mta);
}

void
mta_command(struct mta *mta, char command, const char *data, size_t len)
{
	struct queued_command *queued = xmalloc(sizeof(*queued) + len);

	queued->command = command;
	queued->len = len;
	if (len > 0)
		memcpy(queued->data, data, len);
	STAILQ_INSERT_TAIL(&mta->queue, queued, next);
}

void
mta_set_macro(struct mta *mta, const char *name, const char *value, size_t len)
{
	size_t name_size = strlen(name) + 1;
	char *both = xmalloc(name_size + len);

	memcpy(both, name, name_size);
	if (len > 0)
		memcpy(both + name_size, value, len);
	mta_command(mta, '=', both, name_size + len);
	free(both);
}

/* store_macro - the name and the value of a queued macro */
static void
store_macro(struct mta *mta, const struct queued_command *queued)
{
	const char *value = queued->data + strlen(queued->data) + 1;
	struct macro_value *m = mta->macros;

	while (m < mta->macros + MACROS_MAX - 1 && m->name != NULL &&
	       strcmp(m->name, queued->data) != 0)
		m++;
	free(m->name);
	free(m->value);
	m->name = xstrdup(queued->data);
	m->len = queued->len - (size_t)(value - queued->data);
	m->value = xstrndup(value, m->len);
}

static const struct macro_value *
find_macro(const struct mta *mta, const char *name, size_t len)
{
	const struct macro_value *m;

	for (m = mta->macros; m < mta->macros + MACROS_MAX && m->name != NULL; m++)
		if (strlen(m->name) == len && memcmp(m->name, name, len) == 0 && m->len > 0)
			return m;
	return NULL;
}

static void
put_packet(struct evbuffer *to, char command, const char *data, size_t len)
{
	uint32_t n = htonl((uint32_t)len + 1);

	evbuffer_add(to, &n, sizeof(n));
	evbuffer_add(to, &command, 1);
	evbuffer_add(to, data, len);
}

/*
 * is_known_macro - the queue file, and with it the queue ID, begins with the first recipient that
 * is accepted
 */
static bool
is_known_macro(const struct mta *mta, const struct macro_value *m)
{
	return m != NULL && (strcmp(m->name, "i") != 0 || mta->rcpts > 0);
}

/* put_macros - those of the stage that have a value; the packet comes without any, too */
static void
put_macros(const struct mta *mta, struct evbuffer *to, const struct command_kind *kind)
{
	static const char blanks[] = " ,\t";
	struct evbuffer *all = evbuffer_new();
	const char *name = mta->lists[kind->stage];
	const struct macro_value *m;
	size_t n;

	evbuffer_add(all, &kind->command, 1);
	for (name += strspn(name, blanks); *name != '\0'; name += strspn(name, blanks)) {
		n = strcspn(name, blanks);
		m = find_macro(mta, name, n);
		if (is_known_macro(mta, m)) {
			evbuffer_add(all, m->name, strlen(m->name) + 1);
			evbuffer_add(all, m->value, m->len + 1);
		}
		name += n;
	}
	put_packet(to, 'D', (const char *)evbuffer_pullup(all, -1), evbuffer_get_length(all));
	evbuffer_free(all);
}

static void
put_offer(struct mta *mta, struct evbuffer *to)
{
	const uint32_t offer[] = { htonl(OFFERED_VERSION), htonl(OFFERED_ACTIONS),
		htonl(OFFERED_STEPS) };

	put_packet(to, 'O', (const char *)offer, sizeof(offer));
	mta->begun = true;
	mta->awaited = 'O';
}

/* has_message - does the MTA go on with this message? */
static bool
has_message(const struct mta *mta)
{
	return !mta->over && !mta->decided && mta->rcpts > 0;
}

/* is_due - is it time for this command, after what the milter has said so far? */
static bool
is_due(const struct mta *mta, const struct command_kind *kind)
{
	switch (kind->command) {
	case 'A':
	case 'Q':
		return true;
	case 'C':
	case 'H':
	case 'M':
		return !mta->over;
	case 'R':
		return !mta->over && !mta->decided && mta->message;
	default:
		return has_message(mta);
	}
}

static void
note_command(struct mta *mta, char command)
{
	if (command == 'M') {
		mta->message = true;
		mta->decided = false;
		mta->rcpts = 0;
	} else if (command == 'A') {
		mta->message = false;
	}
}

static void
send_command(struct mta *mta, const struct queued_command *queued, struct evbuffer *to)
{
	const struct command_kind *kind = find_command_kind(queued->command);
	bool omitted;

	if (kind == NULL || !is_due(mta, kind))
		return;
	omitted = (mta->steps & kind->omitted) != 0;
	note_command(mta, kind->command);
	if (kind->stage >= 0 && (!omitted || strchr(lone_macros, kind->command) != NULL))
		put_macros(mta, to, kind);
	if (!omitted)
		put_packet(to, kind->command, queued->data, queued->len);
	if (!omitted && kind->unanswered != NEVER && (mta->steps & kind->unanswered) == 0)
		mta->awaited = kind->command;
	else if (kind->command == 'R')
		mta->rcpts++;
}

bool
mta_send(struct mta *mta, struct evbuffer *to)
{
	struct queued_command *queued;
	size_t before = evbuffer_get_length(to);

	if (!mta->begun)
		put_offer(mta, to);
	while (mta->awaited == 0 && (queued = STAILQ_FIRST(&mta->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&mta->queue, next);
		if (queued->command == '=')
			store_macro(mta, queued);
		else
			send_command(mta, queued, to);
		free(queued);
	}
	return evbuffer_get_length(to) > before;
}

/* cut_reply_text - the next text of a payload; false if none is left that ends with a NUL */
static bool
cut_reply_text(struct mta_reply *reply, const char **text)
{
	const char *nul = reply->len == 0 ? NULL : memchr(reply->data, '\0', reply->len);

	if (nul == NULL)
		return false;
	*text = reply->data;
	reply->len -= (size_t)(nul + 1 - reply->data);
	reply->data = nul + 1;
	return true;
}

static void
say_text(struct mta *mta, const char *text)
{
	evbuffer_add(mta->said, text, strlen(text));
}

/*
 * say_reply - false for a payload that is not of the form of this reply. "continue" and progress
 * decide nothing, and are not written down.
 */
static bool
say_reply(struct mta *mta, const struct reply_kind *kind, struct mta_reply reply)
{
	const char *form, *text;

	if (kind->command == 'c' || kind->command == 'p')
		return reply.len == 0;
	if (evbuffer_get_length(mta->said) > 0)
		say_text(mta, ", ");
	say_text(mta, kind->name);
	for (form = kind->form; *form != '\0'; form++) {
		if (!cut_reply_text(&reply, &text)) {
			if (*form == '?' && reply.len == 0)
				continue;
			return false;
		}
		say_text(mta, " ");
		say_text(mta, text);
	}
	return reply.len == 0;
}

static uint32_t
cut_number(struct mta_reply *reply)
{
	uint32_t n = 0;

	if (reply->len < sizeof(n))
		return 0;
	memcpy(&n, reply->data, sizeof(n));
	reply->data += sizeof(n);
	reply->len -= sizeof(n);
	return ntohl(n);
}

/* take_macro_lists - which macros the milter wants at which stage; false if it is malformed */
static bool
take_macro_lists(struct mta *mta, struct mta_reply reply)
{
	const char *list;
	uint32_t stage;

	while (reply.len > 0) {
		if (reply.len < sizeof(stage))
			return false;
		stage = cut_number(&reply);
		if (!cut_reply_text(&reply, &list) || stage >= STAGES ||
		    strlcpy(mta->lists[stage], list, LIST_SIZE) >= LIST_SIZE)
			return false;
	}
	return true;
}

static const char *
take_options(struct mta *mta, struct mta_reply reply)
{
	uint32_t version;

	if (mta->awaited != 'O')
		return "options at a wrong time";
	if (reply.len < 3 * sizeof(version))
		return "options that are too short";
	version = cut_number(&reply);
	mta->actions = cut_number(&reply);
	mta->steps = cut_number(&reply);
	if (version != OFFERED_VERSION || (mta->actions & ~OFFERED_ACTIONS) != 0 ||
	    (mta->steps & ~OFFERED_STEPS) != 0)
		return "options that were not offered";
	if ((mta->steps & STEP_LEADING_BLANK) != 0)
		return "a blank before each header, which stories do not have";
	if (reply.len > 0 && (mta->actions & 0x100) == 0)
		return "a list of macros that was not agreed on";
	mta->awaited = 0;
	return take_macro_lists(mta, reply) ? NULL : "a malformed list of macros";
}

/* is_reply_code - "550 5.1.1 text", as Postfix wants it */
static bool
is_reply_code(const char *s, size_t len)
{
	return len > 5 && (*s == '4' || *s == '5') && isdigit((unsigned char)s[1]) &&
	       isdigit((unsigned char)s[2]) && s[3] == ' ' && s[4] == *s && s[len - 1] == '\0';
}

/* check_reply - NULL if it may come now */
static const char *
check_reply(const struct mta *mta, const struct reply_kind *kind, const struct mta_reply *reply)
{
	if (mta->awaited == 0)
		return "a reply to nothing";
	if (mta->awaited == 'O')
		return "a reply before the options";
	if (mta_is_change(kind->command) && mta->awaited != 'E')
		return "a change before the end of the message";
	if ((kind->action & ~mta->actions) != 0)
		return "a change that was not agreed on";
	if (kind->command == 'y' && !is_reply_code(reply->data, reply->len))
		return "a malformed SMTP reply";
	return NULL;
}

/* note_last - what a reply means for the commands that follow */
static void
note_last(struct mta *mta, char reply)
{
	char command = mta->awaited;

	mta->awaited = 0;
	if (command == 'R' && (reply == 'c' || reply == 'a'))
		mta->rcpts++;
	if (reply == 'c' || (command == 'R' && reply != 'a' && reply != 'd'))
		return;
	if (command == 'C' || command == 'H')
		mta->over = true;
	else
		mta->decided = true;
}

static const char *
take_reply(struct mta *mta, const struct mta_reply *reply)
{
	const struct reply_kind *kind = find_reply_kind(reply->command);
	const char *why;

	if (reply->command == 'O')
		return take_options(mta, *reply);
	if (kind->command == 'c' && mta->awaited == 'E')
		kind = find_reply_kind('a'); /* the same at the end of a message */
	why = check_reply(mta, kind, reply);
	if (why != NULL)
		return why;
	if (!say_reply(mta, kind, *reply))
		return "a reply with a malformed payload";
	if (mta_is_last(reply->command))
		note_last(mta, reply->command);
	return NULL;
}

bool
mta_receive(struct mta *mta, struct evbuffer *from, const char **why)
{
	struct mta_reply reply;
	size_t used;
	int got = 0;

	*why = NULL;
	while (*why == NULL && (got = mta_parse((const char *)evbuffer_pullup(from, -1),
				    evbuffer_get_length(from), &used, &reply)) == 1) {
		*why = take_reply(mta, &reply);
		evbuffer_drain(from, used);
	}
	if (got == -1)
		*why = "bytes that are no packet";
	return *why == NULL;
}

const char *
mta_replies(struct mta *mta, size_t *len)
{
	const char *text = mta->awaited == 0 ? "continue" : "nothing";

	*len = evbuffer_get_length(mta->said);
	if (*len > 0)
		return (const char *)evbuffer_pullup(mta->said, -1);
	*len = strlen(text);
	return text;
}

void
mta_forget(struct mta *mta)
{
	evbuffer_drain(mta->said, evbuffer_get_length(mta->said));
}

bool
mta_has_replies(const struct mta *mta)
{
	return evbuffer_get_length(mta->said) > 0;
}
