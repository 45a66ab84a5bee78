/* SPDX-License-Identifier: ISC */
/*
 * A client of both maps. However its bytes are divided, the requests are the same. A request that
 * is written again from its parts is the bytes that arrived, and a reply is one netstring.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/postfix/socketmap.h"

/* The results of one connection. */
struct transcript {
	size_t n;
	char text[1 << 16];
};

static void
record_bytes(struct transcript *t, char kind, const char *s, size_t len)
{
	if (len + 3 > sizeof(t->text) - t->n)
		return;
	t->text[t->n++] = kind;
	memcpy(t->text + t->n, s, len);
	t->n += len;
	t->text[t->n++] = ';';
}

/* check_written_again - only one text has this meaning */
static void
check_written_again(const char *data, size_t used, struct text payload)
{
	char head[16];
	size_t n = (size_t)snprintf(head, sizeof(head), "%zu:", payload.len);

	fuzz_must(payload.len <= SOCKETMAP_PAYLOAD_MAX && used <= SOCKETMAP_REQUEST_MAX);
	fuzz_must(used == n + payload.len + 1 && memcmp(data, head, n) == 0);
	fuzz_must(payload.s == data + n && data[used - 1] == ',');
}

/* check_reply - text in a reply, which is read again */
static void
check_reply(enum socketmap_status status, const char *word, struct text text)
{
	char *buf = malloc(SOCKETMAP_REPLY_SIZE);
	size_t len, used, skip = strlen(word);
	struct text payload;
	const char *error;

	fuzz_must(buf != NULL);
	len = socketmap_reply(buf, status, text.s, text.len);
	fuzz_must((len == 0) == (text.len > SOCKETMAP_TEXT_MAX) && len <= SOCKETMAP_REPLY_SIZE);
	if (len > 0) {
		fuzz_must(socketmap_parse(buf, len, &used, &payload, &error) == 1);
		fuzz_must(used == len && payload.len == skip + text.len);
		fuzz_must(memcmp(payload.s, word, skip) == 0);
		fuzz_must(fuzz_same(payload.s + skip, text.len, text.s, text.len));
	}
	free(buf);
}

static void
check_replies(struct text text)
{
	check_reply(SOCKETMAP_OK, "OK ", text);
	check_reply(SOCKETMAP_NOTFOUND, "NOTFOUND ", text);
	check_reply(SOCKETMAP_TEMP, "TEMP ", text);
	check_reply(SOCKETMAP_PERM, "PERM ", text);
}

static void
check_payload(struct transcript *t, struct text payload)
{
	struct socketmap_request req;
	const char *error;

	check_replies(payload);
	if (!socketmap_split(payload, &req, &error)) {
		fuzz_must(fuzz_is_visible(error, strlen(error)));
		record_bytes(t, '?', error, strlen(error));
		return;
	}
	fuzz_must(req.map.len > 0 && memchr(req.map.s, ' ', req.map.len) == NULL);
	fuzz_must(req.map.s == payload.s && req.map.s[req.map.len] == ' ');
	fuzz_must(req.key.len > 0 && req.key.s == req.map.s + req.map.len + 1);
	fuzz_must(req.map.len + 1 + req.key.len == payload.len);
	record_bytes(t, '=', req.map.s, req.map.len);
	record_bytes(t, ' ', req.key.s, req.key.len);
}

/* parse_available - the requests in some bytes; returns how many are used, or SIZE_MAX to close */
static size_t
parse_available(struct transcript *t, const char *data, size_t len)
{
	struct text payload;
	size_t used, done;
	const char *error;
	int got = 1;

	for (done = 0; got == 1; done += used) {
		got = socketmap_parse(data + done, len - done, &used, &payload, &error);
		fuzz_must(got == 1 ? used <= len - done : used == 0);
		if (got != 1)
			break;
		check_written_again(data + done, used, payload);
		check_payload(t, payload);
	}
	if (got == 0) {
		fuzz_must(len - done < SOCKETMAP_REQUEST_MAX);
		return done;
	}
	fuzz_must(got == -1 && fuzz_is_visible(error, strlen(error)));
	record_bytes(t, '!', error, strlen(error));
	return SIZE_MAX;
}

/* talk_in_steps - so many bytes at a time, after those that were not used */
static void
talk_in_steps(struct transcript *t, const uint8_t *data, size_t size, size_t step)
{
	size_t begin = 0, end = 0, used;
	char *input;

	t->n = 0;
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
