/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/buffer.h"
#include "srsd/postfix/milter_proto.h"

/* Replies (SMFIR_*); the one to MILTER_OPTIONS has the same letter. */
enum milter_reply {
	REPLY_ADD_RCPT = '+',
	REPLY_DELETE_RCPT = '-',
	REPLY_ACCEPT = 'a',
	REPLY_CONTINUE = 'c',
	REPLY_DISCARD = 'd',
	REPLY_CHANGE_SENDER = 'e',
	REPLY_PROGRESS = 'p',
	REPLY_QUARANTINE = 'q',
	REPLY_TEMPFAIL = 't',
	REPLY_CODE = 'y',
};

/* The address families of MILTER_CONNECT (SMFIA_*). */
#define FAMILY_UNKNOWN 'U'

/* Bytes of the payload of MILTER_OPTIONS, without lists of macros. */
#define OPTIONS_SIZE 12

/*
 * The macros that we need (SMFIM_*). Postfix sends its own lists for the other stages, even for a
 * command that is switched off.
 */
static const struct {
	uint32_t stage;
	const char *names;
} needed_macros[] = {
	{ 0, "j" },               /* MILTER_CONNECT */
	{ 2, "i {auth_authen}" }, /* MILTER_MAIL */
	{ 3, "i" },               /* MILTER_RCPT */
	{ 5, "i" },               /* MILTER_END_OF_MESSAGE */
};

#define NEEDED_MACROS (sizeof(needed_macros) / sizeof(needed_macros[0]))

/* Everything that has no flag is answered, and of what has one, all for which it is not set. */
static uint32_t
find_no_reply_flag(char command)
{
	switch (command) {
	case MILTER_BODY:
		return MILTER_NR_BODY;
	case MILTER_CONNECT:
		return MILTER_NR_CONNECT;
	case MILTER_HELO:
		return MILTER_NR_HELO;
	case MILTER_HEADER:
		return MILTER_NR_HEADER;
	case MILTER_MAIL:
		return MILTER_NR_MAIL;
	case MILTER_END_OF_HEADERS:
		return MILTER_NR_END_OF_HEADERS;
	case MILTER_RCPT:
		return MILTER_NR_RCPT;
	case MILTER_DATA:
		return MILTER_NR_DATA;
	case MILTER_UNKNOWN:
		return MILTER_NR_UNKNOWN;
	default:
		return 0;
	}
}

/* -- packets */

static uint32_t
read_big_endian(const char *s)
{
	const unsigned char *b = (const unsigned char *)s;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

int
milter_parse(
    const char *data, size_t len, size_t *used, struct milter_packet *packet, const char **error)
{
	size_t length, kept;

	*used = 0;
	if (len < MILTER_HEAD_SIZE)
		return 0;
	length = read_big_endian(data);
	if (length == 0 || length > MILTER_LENGTH_MAX) {
		*error = length == 0 ? "packet without a command" : "packet over 16 MiB";
		return -1;
	}
	kept = length;
	if (kept > MILTER_PACKET_MAX - MILTER_HEAD_SIZE)
		kept = MILTER_PACKET_MAX - MILTER_HEAD_SIZE;
	if (len - MILTER_HEAD_SIZE < kept)
		return 0;
	packet->command = data[MILTER_HEAD_SIZE];
	packet->payload.s = data + MILTER_HEAD_SIZE + 1;
	packet->payload.len = kept - 1;
	packet->rest = length - kept;
	*used = MILTER_HEAD_SIZE + kept;
	return 1;
}

/* -- payloads */

/* cut_nul_text - the text at the beginning of left, without its NUL; false if it has none */
static bool
cut_nul_text(struct text *left, struct text *text)
{
	const char *nul = left->len == 0 ? NULL : memchr(left->s, '\0', left->len);

	if (nul == NULL)
		return false;
	text->s = left->s;
	text->len = (size_t)(nul - left->s);
	left->s = nul + 1;
	left->len -= text->len + 1;
	return true;
}

bool
milter_parse_options(
    const struct milter_packet *packet, struct milter_options *offered, const char **error)
{
	const char *s = packet->payload.s;

	if (packet->payload.len < OPTIONS_SIZE) {
		*error = "options of less than 12 bytes";
		return false;
	}
	offered->version = read_big_endian(s);
	offered->actions = read_big_endian(s + 4);
	offered->steps = read_big_endian(s + 8);
	return true;
}

static void
parse_client_address(struct ipaddr *address, struct text text)
{
	static const char prefix[] = "IPv6:";
	size_t skip = sizeof(prefix) - 1;

	if (text.len < skip || strncasecmp(text.s, prefix, skip) != 0)
		skip = 0;
	ipaddr_parse(address, text.s + skip, text.len - skip);
}

bool
milter_parse_client(
    const struct milter_packet *packet, struct milter_client *client, const char **error)
{
	struct text left = packet->payload, address;
	char family;

	memset(client, 0, sizeof(*client));
	*error = "client without an address";
	if (!cut_nul_text(&left, &client->name) || left.len == 0)
		return false;
	family = left.s[0];
	if (family == FAMILY_UNKNOWN)
		return true;
	if (left.len < 3)
		return false;
	client->port = (unsigned)((unsigned char)left.s[1] << 8 | (unsigned char)left.s[2]);
	left.s += 3;
	left.len -= 3;
	if (!cut_nul_text(&left, &address))
		return false;
	if (family == '4' || family == '6')
		parse_client_address(&client->address, address);
	return true;
}

bool
milter_parse_macros(
    const struct milter_packet *packet, struct milter_macros *macros, const char **error)
{
	struct text left = packet->payload;

	if (left.len == 0) {
		*error = "macros without a command";
		return false;
	}
	macros->command = left.s[0];
	macros->pairs.s = left.s + 1;
	macros->pairs.len = left.len - 1;
	return true;
}

/* strip_pair - the text between two characters, if it is between them */
static struct text
strip_pair(struct text text, char first, char last)
{
	if (text.len >= 2 && text.s[0] == first && text.s[text.len - 1] == last) {
		text.s++;
		text.len -= 2;
	}
	return text;
}

bool
milter_next_macro(struct milter_macros *macros, struct text *name, struct text *value)
{
	if (!cut_nul_text(&macros->pairs, name) || !cut_nul_text(&macros->pairs, value))
		return false;
	*name = strip_pair(*name, '{', '}');
	return true;
}

/*
 * strip_route - "@a.test,@b.test:user@x.test", which RFC 5321 deprecates, is user@x.test
 *
 * So is that with more routes: no reader of the result finds another route in it.
 */
static struct text
strip_route(struct text address)
{
	bool in_literal = false;
	size_t i, begin = 0;

	for (i = 0; i < address.len && address.s[begin] == '@'; i++) {
		in_literal = address.s[i] == '[' || (in_literal && address.s[i] != ']');
		if (address.s[i] == ':' && !in_literal)
			begin = i + 1;
	}
	return (struct text){ address.s + begin, address.len - begin };
}

bool
milter_parse_path(const struct milter_packet *packet, struct milter_path *path, const char **error)
{
	struct text left = packet->payload;

	*error = NULL;
	if (packet->rest > 0)
		*error = "address and parameters over 16 KiB";
	else if (left.len == 0 || left.s[left.len - 1] != '\0')
		*error = "address or parameter without an end";
	if (*error != NULL || !cut_nul_text(&left, &path->address))
		return false;
	path->address = strip_route(strip_pair(path->address, '<', '>'));
	path->parameters = left;
	return true;
}

bool
milter_next_parameter(struct milter_path *path, struct text *parameter)
{
	return cut_nul_text(&path->parameters, parameter);
}

bool
milter_find_parameter(const struct milter_path *path, const char *name, struct text *value)
{
	struct text left = path->parameters, parameter;
	size_t len = strlen(name);

	while (cut_nul_text(&left, &parameter)) {
		if (parameter.len <= len || parameter.s[len] != '=' ||
		    strncasecmp(parameter.s, name, len) != 0)
			continue;
		value->s = parameter.s + len + 1;
		value->len = parameter.len - len - 1;
		return true;
	}
	return false;
}

bool
milter_parse_header(
    const struct milter_packet *packet, struct milter_header *header, const char **error)
{
	struct text left = packet->payload;

	header->cut = packet->rest > 0;
	if (header->cut) {
		if (!cut_nul_text(&left, &header->name)) {
			header->name = left;
			left.len = 0;
		}
		header->value = left;
		return true;
	}
	if (cut_nul_text(&left, &header->name) && cut_nul_text(&left, &header->value) &&
	    left.len == 0)
		return true;
	*error = "header that does not consist of two texts";
	return false;
}

/* -- options */

bool
milter_agree(const struct milter_options *offered, struct milter_options *agreed)
{
	agreed->version = offered->version < MILTER_VERSION ? offered->version : MILTER_VERSION;
	agreed->actions = offered->actions & MILTER_ACTIONS;
	agreed->steps = offered->steps & MILTER_STEPS;
	return agreed->version >= 2;
}

bool
milter_can_rewrite(const struct milter_options *agreed)
{
	return (agreed->actions & MILTER_MAY_CHANGE_SENDER) != 0;
}

bool
milter_is_answered(const struct milter_options *agreed, char command)
{
	switch (command) {
	case MILTER_ABORT:
	case MILTER_MACROS:
	case MILTER_QUIT:
	case MILTER_QUIT_NEW:
		return false;
	default:
		return (agreed->steps & find_no_reply_flag(command)) == 0;
	}
}

/* -- replies */

static void
put_big_endian(struct buffer *out, size_t n)
{
	const char bytes[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

	buffer_add(out, bytes, sizeof(bytes));
}

/* put_packet_head - of a packet; its payload of len bytes follows */
static void
put_packet_head(struct buffer *out, char command, size_t len)
{
	put_big_endian(out, len + 1);
	buffer_add(out, &command, 1);
}

void
milter_put_options(struct buffer *out, const struct milter_options *agreed)
{
	bool lists = (agreed->actions & MILTER_MAY_LIST_MACROS) != 0;
	size_t len = OPTIONS_SIZE, i, n = lists ? NEEDED_MACROS : 0;

	for (i = 0; i < n; i++)
		len += 4 + strlen(needed_macros[i].names) + 1;
	put_packet_head(out, MILTER_OPTIONS, len);
	put_big_endian(out, agreed->version);
	put_big_endian(out, agreed->actions);
	put_big_endian(out, agreed->steps);
	for (i = 0; i < n; i++) {
		put_big_endian(out, needed_macros[i].stage);
		buffer_add(out, needed_macros[i].names, strlen(needed_macros[i].names) + 1);
	}
}

void
milter_put_continue(struct buffer *out)
{
	put_packet_head(out, REPLY_CONTINUE, 0);
}

void
milter_put_accept(struct buffer *out)
{
	put_packet_head(out, REPLY_ACCEPT, 0);
}

void
milter_put_discard(struct buffer *out)
{
	put_packet_head(out, REPLY_DISCARD, 0);
}

void
milter_put_tempfail(struct buffer *out)
{
	put_packet_head(out, REPLY_TEMPFAIL, 0);
}

void
milter_put_progress(struct buffer *out)
{
	put_packet_head(out, REPLY_PROGRESS, 0);
}

/* The MTA uses the text as a format of printf(3): it turns "%%" into '%'. */
void
milter_put_reply(struct buffer *out, const char *text)
{
	size_t len = 1;
	const char *s;
	char c;

	for (s = text; *s != '\0'; s++)
		len += *s == '%' ? 2 : 1;
	put_packet_head(out, REPLY_CODE, len);
	for (s = text; *s != '\0'; s++) {
		c = ascii_isgraph(*s) || *s == ' ' ? *s : '?';
		buffer_add(out, &c, 1);
		if (c == '%')
			buffer_add(out, &c, 1);
	}
	buffer_add(out, "", 1);
}

static void
put_address_packet(struct buffer *out, char command, const char *address, size_t len)
{
	put_packet_head(out, command, len + 3);
	buffer_add(out, "<", 1);
	buffer_add(out, address, len);
	buffer_add(out, ">", 2);
}

void
milter_put_sender(struct buffer *out, const char *address, size_t len)
{
	put_address_packet(out, REPLY_CHANGE_SENDER, address, len);
}

void
milter_put_added_rcpt(struct buffer *out, const char *address, size_t len)
{
	put_address_packet(out, REPLY_ADD_RCPT, address, len);
}

void
milter_put_deleted_rcpt(struct buffer *out, const char *address, size_t len)
{
	put_address_packet(out, REPLY_DELETE_RCPT, address, len);
}

void
milter_put_quarantine(struct buffer *out, const char *reason)
{
	put_packet_head(out, REPLY_QUARANTINE, strlen(reason) + 1);
	buffer_add(out, reason, strlen(reason) + 1);
}
