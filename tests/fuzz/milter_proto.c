/* SPDX-License-Identifier: ISC */
/*
 * An MTA. However its bytes are divided, the packets are the same, and each text is within its
 * packet. A reply is one packet, whatever text is in it.
 */
#include "tests/fuzz/fuzz.h"

#include "common/buffer.h"
#include "srsd/postfix/milter_proto.h"

/* The results of one connection. */
struct transcript {
	size_t n;
	size_t drop; /* bytes of a packet that are still to be dropped */
	char text[1 << 16];
};

static void
record_bytes(struct transcript *t, char kind, struct text text)
{
	if (text.len + 2 > sizeof(t->text) - t->n)
		return;
	t->text[t->n++] = kind;
	if (text.len > 0)
		memcpy(t->text + t->n, text.s, text.len);
	t->n += text.len;
	t->text[t->n++] = ';';
}

static void
record_reason(struct transcript *t, const char *reason)
{
	struct text text = { reason, strlen(reason) };

	fuzz_must(fuzz_is_visible(text.s, text.len));
	record_bytes(t, '!', text);
}

/* record_part - a text of this payload, in which there is no NUL */
static void
record_part(struct transcript *t, const struct milter_packet *packet, char kind, struct text part)
{
	const struct text *whole = &packet->payload;

	fuzz_must(part.s >= whole->s && part.len <= whole->len);
	fuzz_must(part.s + part.len <= whole->s + whole->len);
	fuzz_must(part.len == 0 || memchr(part.s, '\0', part.len) == NULL);
	record_bytes(t, kind, part);
}

/* check_reply - it is one packet; returns its payload */
static struct text
check_reply(const struct buffer *out, char command)
{
	struct milter_packet packet;
	const char *error;
	size_t used;

	fuzz_must(milter_parse(out->data, out->len, &used, &packet, &error) == 1);
	fuzz_must(packet.rest == 0 && used == out->len && packet.command == command);
	return packet.payload;
}

/* check_address_replies - an address comes back as it is, in angle brackets */
static void
check_address_replies(struct text address)
{
	struct buffer out = { 0 };
	struct milter_packet packet = { 0 };
	struct milter_path path;
	const char *error;

	if (address.len > MILTER_PACKET_MAX - 16)
		return;
	milter_put_sender(&out, address.s, address.len);
	packet.payload = check_reply(&out, 'e');
	fuzz_must(milter_parse_path(&packet, &path, &error));
	fuzz_must(fuzz_same(path.address.s, path.address.len, address.s, address.len));
	buffer_clear(&out);
	milter_put_added_rcpt(&out, address.s, address.len);
	check_reply(&out, '+');
	buffer_clear(&out);
	milter_put_deleted_rcpt(&out, address.s, address.len);
	check_reply(&out, '-');
	buffer_free(&out);
}

/* check_text_reply - a text is visible, and the MTA finds each '%' doubled */
static void
check_text_reply(struct text text)
{
	struct buffer out = { 0 };
	struct text payload;
	char *copy;
	size_t i;

	if (text.len > MILTER_PACKET_MAX / 2 - 16)
		return;
	copy = fuzz_text(text.s, text.len);
	milter_put_reply(&out, copy);
	payload = check_reply(&out, 'y');
	fuzz_must(payload.len > 0 && payload.s[payload.len - 1] == '\0');
	fuzz_must(fuzz_is_visible(payload.s, payload.len - 1));
	for (i = 0; i + 1 < payload.len; i++)
		if (payload.s[i] == '%')
			fuzz_must(payload.s[++i] == '%');
	buffer_free(&out);
	free(copy);
}

static void
check_options(struct transcript *t, const struct milter_packet *packet)
{
	struct milter_options offered, agreed, again;
	struct milter_packet packet_again = { 0 };
	struct buffer out = { 0 };
	const char *error;
	struct text text;

	if (!milter_parse_options(packet, &offered, &error)) {
		record_reason(t, error);
		return;
	}
	if (!milter_agree(&offered, &agreed)) {
		record_reason(t, "version");
		return;
	}
	fuzz_must(agreed.version <= offered.version && agreed.version <= MILTER_VERSION);
	fuzz_must((agreed.actions & ~offered.actions) == 0);
	fuzz_must((agreed.steps & ~offered.steps) == 0);
	milter_put_options(&out, &agreed);
	packet_again.payload = check_reply(&out, MILTER_OPTIONS);
	fuzz_must(milter_parse_options(&packet_again, &again, &error));
	fuzz_must(memcmp(&again, &agreed, sizeof(again)) == 0);
	text.s = milter_can_rewrite(&agreed) ? "can rewrite" : "cannot rewrite";
	text.len = strlen(text.s);
	record_bytes(t, '=', text);
	buffer_free(&out);
}

static void
check_client(struct transcript *t, const struct milter_packet *packet)
{
	char address[IPADDR_TEXT_SIZE];
	struct milter_client client;
	struct text text = { address, 0 };
	const char *error;

	if (!milter_parse_client(packet, &client, &error)) {
		record_reason(t, error);
		return;
	}
	fuzz_must(client.port <= 65535);
	record_part(t, packet, '=', client.name);
	ipaddr_format(&client.address, address);
	text.len = strlen(address);
	record_bytes(t, ' ', text);
}

static void
check_macros(struct transcript *t, const struct milter_packet *packet)
{
	struct milter_macros macros;
	struct text name, value;
	const char *error;

	if (!milter_parse_macros(packet, &macros, &error)) {
		record_reason(t, error);
		return;
	}
	while (milter_next_macro(&macros, &name, &value)) {
		record_part(t, packet, '=', name);
		record_part(t, packet, ' ', value);
	}
}

static void
check_path(struct transcript *t, const struct milter_packet *packet)
{
	struct text parameter, value;
	struct milter_path path;
	const char *error;

	if (!milter_parse_path(packet, &path, &error)) {
		record_reason(t, error);
		return;
	}
	record_part(t, packet, '=', path.address);
	check_address_replies(path.address);
	if (milter_find_parameter(&path, "ORCPT", &value))
		record_part(t, packet, 'O', value);
	while (milter_next_parameter(&path, &parameter))
		record_part(t, packet, ' ', parameter);
	fuzz_must(path.parameters.len == 0);
}

static void
check_header(struct transcript *t, const struct milter_packet *packet)
{
	struct milter_header header;
	const char *error;

	if (!milter_parse_header(packet, &header, &error)) {
		record_reason(t, error);
		return;
	}
	fuzz_must(header.cut == (packet->rest > 0));
	record_part(t, packet, '=', header.name);
	fuzz_must(header.value.s >= packet->payload.s);
	fuzz_must(header.value.s + header.value.len <= packet->payload.s + packet->payload.len);
	record_bytes(t, ' ', header.value);
	check_text_reply(header.value);
}

static void
check_packet(struct transcript *t, const struct milter_packet *packet)
{
	struct text command = { &packet->command, 1 };

	record_bytes(t, packet->rest > 0 ? '>' : '<', command);
	switch (packet->command) {
	case MILTER_OPTIONS:
		check_options(t, packet);
		break;
	case MILTER_CONNECT:
		check_client(t, packet);
		break;
	case MILTER_MACROS:
		check_macros(t, packet);
		break;
	case MILTER_MAIL:
	case MILTER_RCPT:
		check_path(t, packet);
		break;
	case MILTER_HEADER:
		check_header(t, packet);
		break;
	default:
		break;
	}
}

/* drop_bytes - those of a packet that was cut; returns how many */
static size_t
drop_bytes(struct transcript *t, size_t len)
{
	size_t n = len < t->drop ? len : t->drop;

	t->drop -= n;
	return n;
}

/* parse_available - the packets in some bytes; returns how many are used, or SIZE_MAX to close */
static size_t
parse_available(struct transcript *t, const char *data, size_t len)
{
	struct milter_packet packet;
	size_t used, done = drop_bytes(t, len);
	const char *error;
	int got;

	while ((got = milter_parse(data + done, len - done, &used, &packet, &error)) == 1) {
		fuzz_must(used <= len - done && used <= MILTER_PACKET_MAX);
		fuzz_must(packet.payload.s == data + done + MILTER_HEAD_SIZE + 1);
		fuzz_must(packet.payload.s + packet.payload.len == data + done + used);
		fuzz_must(packet.rest == 0 || used == MILTER_PACKET_MAX);
		check_packet(t, &packet);
		t->drop = packet.rest;
		done += used;
		done += drop_bytes(t, len - done);
	}
	fuzz_must(used == 0);
	if (got == 0) {
		fuzz_must(len - done < MILTER_PACKET_MAX);
		return done;
	}
	fuzz_must(got == -1);
	record_reason(t, error);
	return SIZE_MAX;
}

/* talk_in_steps - so many bytes at a time, after those that were not used */
static void
talk_in_steps(struct transcript *t, const uint8_t *data, size_t size, size_t step)
{
	size_t begin = 0, end = 0, used;
	char *input;

	t->n = t->drop = 0;
	while (end < size) {
		end += size - end < step ? size - end : step;
		input = fuzz_copy(data + begin, end - begin);
		used = parse_available(t, input, end - begin);
		free(input);
		if (used == SIZE_MAX)
			return;
		begin += used;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct transcript whole, divided;

	talk_in_steps(&whole, data, size, size + 1);
	talk_in_steps(&divided, data, size, 1 + fuzz_cut(data, size, 1));
	fuzz_must(fuzz_same(whole.text, whole.n, divided.text, divided.n));
	if (size <= 4096) {
		talk_in_steps(&divided, data, size, 1);
		fuzz_must(fuzz_same(whole.text, whole.n, divided.text, divided.n));
	}
	fuzz_say_bytes(whole.text, whole.n);
	return 0;
}
