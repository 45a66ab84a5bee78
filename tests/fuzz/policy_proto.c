/* SPDX-License-Identifier: ISC */
/*
 * A client of the policy service. However its bytes are divided, the requests are the same, and
 * each value is within the bytes of its request.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/postfix/policy_proto.h"

/* The outcome of a connection: a hash of the values, and how it ended. */
struct heard {
	unsigned requests;
	uint64_t values;
	const char *error;
};

static void
hear(struct heard *h, const char *data, size_t len, const struct policy_request *req)
{
	const struct text *const texts[] = { &req->protocol_state, &req->client_address,
		&req->helo_name, &req->sender, &req->recipient, &req->queue_id, &req->instance,
		&req->sasl_username };
	size_t i, j;

	h->requests++;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		h->values = h->values * 31 + texts[i]->len;
		if (texts[i]->len == 0)
			continue;
		fuzz_must(texts[i]->s > data && texts[i]->s + texts[i]->len < data + len);
		for (j = 0; j < texts[i]->len; j++) {
			fuzz_must(texts[i]->s[j] != '\n' && texts[i]->s[j] != '\0');
			h->values = h->values * 31 + (unsigned char)texts[i]->s[j];
		}
	}
}

/* talk - the bytes in pieces of one size; unused bytes are passed in again */
static void
talk(struct heard *h, const uint8_t *data, size_t size, size_t step)
{
	struct policy_parser parser = { 0 };
	struct policy_request req;
	size_t at = 0, end = 0, used;
	char *piece;
	int got = 0;

	memset(h, 0, sizeof(*h));
	while (end < size && got != -1) {
		end = size - end < step ? size : end + step;
		do {
			piece = fuzz_copy(data + at, end - at);
			got = policy_parse(&parser, piece, end - at, &used, &req, &h->error);
			if (got == 1) {
				fuzz_must(used > 0 && used <= end - at);
				fuzz_must(used <= POLICY_REQUEST_MAX);
				hear(h, piece, used, &req);
				at += used;
			}
			free(piece);
		} while (got == 1 && at < end);
	}
	if (got != -1)
		h->error = at == size ? "" : "incomplete";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard whole, cut;

	talk(&whole, data, size, size + 1);
	talk(&cut, data, size, 1 + fuzz_cut(data, size, 1));
	fuzz_must(whole.requests == cut.requests && whole.values == cut.values);
	fuzz_must(strcmp(whole.error, cut.error) == 0);
	talk(&cut, data, size, 1 + size / 256);
	fuzz_must(whole.requests == cut.requests && whole.values == cut.values);
	fuzz_must(strcmp(whole.error, cut.error) == 0);
	fuzz_say("%u requests %s", whole.requests, whole.error);
	return 0;
}
