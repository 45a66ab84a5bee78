/* SPDX-License-Identifier: ISC */
/*
 * A Redis server. However its bytes are cut, the replies are the same, and none is larger than its
 * limits; the first two steps of the client, the login and CONFIG GET, take any of them.
 */
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/buffer.h"
#include "srsd/store/store_redis_durability.h"
#include "srsd/store/store_redis_login.h"
#include "srsd/store/store_resp.h"

/* A socket pair takes this at once. */
#define INPUT_MAX 65000

static void
note_text(struct buffer *out, struct text text)
{
	fuzz_must(text.len <= STORE_RESP_TEXT_MAX && text.s != NULL);
	buffer_printf(out, "%zu ", text.len);
	buffer_add(out, text.s, text.len);
}

static void
note_reply(struct buffer *out, const struct store_resp_reply *reply)
{
	size_t i;

	fuzz_must(reply->n <= STORE_RESP_LIST_MAX);
	buffer_printf(out, "kind %d number %lld ", reply->kind, reply->number);
	note_text(out, reply->text);
	for (i = 0; i < reply->n; i++)
		note_text(out, reply->list[i]);
	buffer_printf(out, "\n");
}

static void
use_reply(const struct store_resp_reply *reply)
{
	struct store_redis_login login = { NULL, "p", false };
	struct store_redis_durability durability;
	char problem[STORE_PROBLEM_SIZE] = "";

	(void)store_redis_login_take(&login, reply, problem);
	login.knows_user = true;
	(void)store_redis_login_take(&login, reply, problem);
	fuzz_must(fuzz_is_visible(problem, strlen(problem)));
	store_redis_durability_take(&durability, STORE_REDIS_APPENDFSYNC, reply);
	fuzz_must(fuzz_is_visible(durability.value[STORE_REDIS_APPENDFSYNC],
	    strlen(durability.value[STORE_REDIS_APPENDFSYNC])));
}

/* read_replies - what has come; false: an error, which ends it */
static bool
read_replies(struct store_resp *resp, struct buffer *out, unsigned *n)
{
	struct store_resp_reply reply;
	const char *error;
	int got;

	while ((got = store_resp_read(resp, &error)) == 1) {
		while ((got = store_resp_next(resp, &reply, &error)) == 1) {
			note_reply(out, &reply);
			use_reply(&reply);
			++*n;
		}
		if (got == -1)
			break;
	}
	if (got == -1)
		buffer_printf(out, "%s", error);
	return got != -1;
}

/* feed_server - the bytes in two parts; the transcript goes to *out */
static bool
feed_server(const uint8_t *data, size_t size, size_t cut, struct buffer *out, unsigned *n)
{
	struct store_resp *resp;
	bool is_valid;
	int fd[2];

	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
	resp = store_resp_new(fd[0]);
	fuzz_must(resp != NULL);
	fuzz_must(write(fd[1], data, cut) == (ssize_t)cut);
	is_valid = read_replies(resp, out, n);
	if (is_valid) {
		fuzz_must(write(fd[1], data + cut, size - cut) == (ssize_t)(size - cut));
		is_valid = read_replies(resp, out, n);
	}
	store_resp_free(&resp);
	close(fd[1]);
	return is_valid;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = { 0 }, parts = { 0 };
	unsigned n = 0, n_parts = 0;
	bool is_valid;

	if (size > INPUT_MAX)
		return 0;
	is_valid = feed_server(data, size, size, &whole, &n);
	(void)feed_server(data, size, fuzz_cut(data, size, 1), &parts, &n_parts);
	fuzz_must(fuzz_same(whole.data, whole.len, parts.data, parts.len) && n == n_parts);
	fuzz_say("%u replies, %s", n, is_valid ? "valid" : "invalid");
	buffer_free(&whole);
	buffer_free(&parts);
	return 0;
}
