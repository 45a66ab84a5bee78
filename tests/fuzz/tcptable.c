/* SPDX-License-Identifier: ISC */
/*
 * A client of a map. However its bytes are divided, the requests are the same, and a key is read
 * back whole from the form in which a reply has it.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/postfix/tcptable.h"

/* The outcome of a connection. */
struct heard {
	size_t n;
	char text[1 << 16];
};

static void
hear(struct heard *h, char kind, const char *s, size_t len)
{
	fuzz_must(len <= TCPTABLE_KEY_MAX);
	if (len + 3 > sizeof(h->text) - h->n)
		return;
	h->text[h->n++] = kind;
	memcpy(h->text + h->n, s, len);
	h->n += len;
	h->text[h->n++] = ';';
}

/* check_reply - the key as a reply has it, read as a request again */
static void
check_reply(const struct tcptable_request *req)
{
	char line[TCPTABLE_REPLY_SIZE + 4] = "get", *reply = line + 3;
	struct tcptable_parser parser;
	struct tcptable_request again;
	const char *error;
	size_t n, used;

	if (req->overlong || req->len == 0 || req->len > 254)
		return;
	n = tcptable_found(reply, req->key, req->len);
	fuzz_must(n < TCPTABLE_REPLY_SIZE && memcmp(reply, "200 ", 4) == 0);
	fuzz_must(fuzz_is_visible(reply, n - 1) && reply[n - 1] == '\n');
	memcpy(reply, "get ", 4);
	tcptable_init(&parser);
	fuzz_must(tcptable_parse(&parser, reply, n, &used, &again, &error) == 1);
	fuzz_must(used == n && fuzz_same(again.key, again.len, req->key, req->len));
}

/* talk - the bytes in pieces of one size */
static void
talk(struct heard *h, const uint8_t *data, size_t size, size_t step)
{
	struct tcptable_parser parser;
	struct tcptable_request req;
	size_t at, len, used;
	const char *error;
	char *piece;
	int got;

	tcptable_init(&parser);
	for (h->n = at = 0; at < size; at += used) {
		len = size - at < step ? size - at : step;
		piece = fuzz_copy(data + at, len);
		got = tcptable_parse(&parser, piece, len, &used, &req, &error);
		free(piece);
		fuzz_must(used <= len && (got != 0 || used == len));
		fuzz_must(got == 0 || used > 0);
		if (got == 1) {
			check_reply(&req);
			hear(h, req.probe ? '?' : req.overlong ? '>' : '=', req.key, req.len);
		} else if (got == -1) {
			fuzz_must(fuzz_is_visible(error, strlen(error)));
			hear(h, '!', error, strlen(error));
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct heard whole, cut;

	talk(&whole, data, size, size + 1);
	talk(&cut, data, size, 1 + fuzz_cut(data, size, 1));
	fuzz_must(fuzz_same(whole.text, whole.n, cut.text, cut.n));
	talk(&cut, data, size, 1);
	fuzz_must(fuzz_same(whole.text, whole.n, cut.text, cut.n));
	fuzz_say_bytes(whole.text, whole.n);
	return 0;
}
