/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <hiredis/hiredis.h>
#ifdef HAVE_HIREDIS_SSL
#include <hiredis/hiredis_ssl.h>
#endif

#include "common/buffer.h"
#include "common/xmalloc.h"
#include "srsd/store/store_resp.h"
#ifdef HAVE_HIREDIS_SSL
#include "srsd/store/store_tls.h"
#endif

/* Bytes of a reply in progress: a text, its length, and the ends of both lines. */
#define PARTIAL_MAX (STORE_RESP_TEXT_MAX + 32)

#if HIREDIS_MAJOR >= 1
typedef size_t list_length;
#else
typedef int list_length;
#endif

/* Where an element of a list is in store_resp.bytes. */
struct resp_element {
	size_t at, len;
};

struct store_resp {
	redisContext *context;
	struct ssl_st *ssl; /* NULL: no TLS; the context owns it */
	bool has_output;
	bool reads_first;    /* TLS cannot write before it has read */
	const char *refused; /* a reply that is against our limits: the reason */
	struct buffer bytes; /* of the reply that is being read, or was read last */
	enum store_resp_kind kind;
	long long number;
	size_t n;
	struct resp_element elements[STORE_RESP_LIST_MAX];
};

/* refuse_reply - the NULL that ends the reading */
static void *
refuse_reply(const redisReadTask *task, const char *reason)
{
	struct store_resp *resp = task->privdata;

	resp->refused = reason;
	return NULL;
}

/* note_resp_reply - a reply, or an element of the list that is one. The result is any pointer. */
static void *
note_resp_reply(const redisReadTask *task, enum store_resp_kind kind, const char *s, size_t len)
{
	struct store_resp *resp = task->privdata;

	if (len > STORE_RESP_TEXT_MAX)
		return refuse_reply(task, "the server sent a text that is too long");
	if (task->parent == NULL)
		resp->kind = kind;
	else
		resp->elements[task->idx] = (struct resp_element){ resp->bytes.len, len };
	if (len > 0)
		buffer_add(&resp->bytes, s, len);
	return resp;
}

static void *
create_string(const redisReadTask *task, char *s, size_t len)
{
	switch (task->type) {
	case REDIS_REPLY_STATUS:
		return note_resp_reply(task, STORE_RESP_STATUS, s, len);
	case REDIS_REPLY_ERROR:
		return note_resp_reply(task, STORE_RESP_ERROR, s, len);
	case REDIS_REPLY_STRING:
		return note_resp_reply(task, STORE_RESP_TEXT, s, len);
	default:
		return refuse_reply(task, "the server sent a RESP3 reply");
	}
}

static void *
create_list(const redisReadTask *task, list_length n)
{
	struct store_resp *resp = task->privdata;

	if (task->type != REDIS_REPLY_ARRAY)
		return refuse_reply(task, "the server sent a RESP3 reply");
	if (task->parent != NULL)
		return refuse_reply(task, "the server sent a nested list");
	if (n > STORE_RESP_LIST_MAX)
		return refuse_reply(task, "the server sent a list that is too long");
	resp->n = (size_t)n;
	return note_resp_reply(task, STORE_RESP_LIST, NULL, 0);
}

static void *
create_number(const redisReadTask *task, long long number)
{
	struct store_resp *resp = task->privdata;

	resp->number = number;
	return note_resp_reply(task, STORE_RESP_NUMBER, NULL, 0);
}

static void *
create_nil(const redisReadTask *task)
{
	return note_resp_reply(task, STORE_RESP_NIL, NULL, 0);
}

#if HIREDIS_MAJOR >= 1
static void *
create_double(const redisReadTask *task, double value, char *s, size_t len)
{
	(void)value;
	(void)s;
	(void)len;
	return refuse_reply(task, "the server sent a RESP3 reply");
}

static void *
create_bool(const redisReadTask *task, int value)
{
	(void)value;
	return refuse_reply(task, "the server sent a RESP3 reply");
}
#endif

/* forget_reply - the reader gives up a reply; there is one at most, in struct store_resp */
static void
forget_reply(void *reply)
{
	(void)reply;
}

static redisReplyObjectFunctions reply_functions = {
	.createString = create_string,
	.createArray = create_list,
	.createInteger = create_number,
	.createNil = create_nil,
#if HIREDIS_MAJOR >= 1
	.createDouble = create_double,
	.createBool = create_bool,
#endif
	.freeObject = forget_reply,
};

int
store_resp_connect(const struct endpoint_addr *addr)
{
	int fd = socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, saved;

	if (fd == -1)
		return -1;
	/* Requests are small, and must not wait for the acknowledgement of the one before. */
	if (addr->u.sa.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &addr->u.sa, addr->len) == 0 || errno == EINPROGRESS)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

struct store_resp *
store_resp_new(int fd)
{
	redisContext *context = redisConnectFd(fd);
	struct store_resp *resp;

	if (context == NULL || context->err != 0) {
		if (context != NULL)
			redisFree(context);
		else
			close(fd);
		return NULL;
	}
	resp = xcalloc(1, sizeof(*resp));
	context->flags &= ~REDIS_BLOCK;
	context->reader->fn = &reply_functions;
	context->reader->privdata = resp;
	resp->context = context;
	return resp;
}

void
store_resp_free(struct store_resp **resp)
{
	if (*resp == NULL)
		return;
	redisFree((*resp)->context);
	buffer_free(&(*resp)->bytes);
	free(*resp);
	*resp = NULL;
}

#ifdef HAVE_HIREDIS_SSL
bool
store_resp_use_tls(struct store_resp *resp, const struct store_tls *tls, const char **error)
{
	struct ssl_st *ssl = store_tls_start(tls);

	if (ssl == NULL) {
		*error = "cannot start TLS";
		return false;
	}
	if (redisInitiateSSL(resp->context, ssl) != REDIS_OK) {
		*error = store_tls_problem(ssl);
		if (*error == NULL)
			*error = resp->context->errstr;
		store_tls_end(&ssl);
		return false;
	}
	resp->ssl = ssl;
	return true;
}

/* prepare_tls - before each use of the socket */
static void
prepare_tls(const struct store_resp *resp)
{
	if (resp->ssl != NULL)
		store_tls_clear_errors();
}

/* describe_failure - of the socket */
static const char *
describe_failure(const struct store_resp *resp)
{
	const char *problem = resp->ssl == NULL ? NULL : store_tls_problem(resp->ssl);

	return problem == NULL ? resp->context->errstr : problem;
}
#else
bool
store_resp_use_tls(struct store_resp *resp, const struct store_tls *tls, const char **error)
{
	(void)resp;
	(void)tls;
	*error = "built without TLS";
	return false;
}

static void
prepare_tls(const struct store_resp *resp)
{
	(void)resp;
}

static const char *
describe_failure(const struct store_resp *resp)
{
	return resp->context->errstr;
}
#endif

bool
store_resp_add(struct store_resp *resp, const struct text *words, size_t n)
{
	const char *word[STORE_RESP_WORDS_MAX];
	size_t len[STORE_RESP_WORDS_MAX], i;

	for (i = 0; i < n; i++) {
		word[i] = words[i].s;
		len[i] = words[i].len;
	}
	resp->has_output = true;
	return redisAppendCommandArgv(resp->context, (int)n, word, len) == REDIS_OK;
}

/* is_writable - the socket itself; if so, it is not what TLS waits for */
static bool
is_writable(const struct store_resp *resp)
{
	struct pollfd pfd = { resp->context->fd, POLLOUT, 0 };

	return poll(&pfd, 1, 0) == 1;
}

bool
store_resp_write(struct store_resp *resp, const char **error)
{
	int done = 0;

	prepare_tls(resp);
	if (redisBufferWrite(resp->context, &done) != REDIS_OK) {
		*error = describe_failure(resp);
		return false;
	}
	resp->has_output = !done;
	resp->reads_first = !done && resp->ssl != NULL && is_writable(resp);
	return true;
}

bool
store_resp_wants_write(const struct store_resp *resp)
{
	return resp->has_output && !resp->reads_first;
}

int
store_resp_read(struct store_resp *resp, const char **error)
{
	size_t before = resp->context->reader->len;

	prepare_tls(resp);
	resp->reads_first = false;
	if (redisBufferRead(resp->context) == REDIS_OK)
		return resp->context->reader->len > before ? 1 : 0;
	*error = describe_failure(resp);
	return -1;
}

static void
fill_reply(struct store_resp_reply *reply, const struct store_resp *resp)
{
	size_t i;

	memset(reply, 0, sizeof(*reply));
	reply->kind = resp->kind;
	reply->number = resp->number;
	reply->text.s = "";
	if (resp->kind != STORE_RESP_LIST) {
		if (resp->bytes.len > 0)
			reply->text = (struct text){ resp->bytes.data, resp->bytes.len };
		return;
	}
	reply->n = resp->n;
	for (i = 0; i < resp->n; i++) {
		reply->list[i].s = "";
		if (resp->elements[i].len > 0)
			reply->list[i] = (struct text){ resp->bytes.data + resp->elements[i].at,
				resp->elements[i].len };
	}
}

int
store_resp_next(struct store_resp *resp, struct store_resp_reply *reply, const char **error)
{
	const redisReader *reader = resp->context->reader;
	void *got = NULL;

	/* A reply in progress has noted elements already. */
	if (reader->ridx == -1) {
		buffer_clear(&resp->bytes);
		resp->number = 0;
	}
	if (redisGetReplyFromReader(resp->context, &got) != REDIS_OK) {
		*error = resp->refused != NULL ? resp->refused : resp->context->errstr;
		return -1;
	}
	if (got != NULL) {
		fill_reply(reply, resp);
		return 1;
	}
	if (reader->len - reader->pos > PARTIAL_MAX) {
		*error = "the server sent a text that is too long";
		return -1;
	}
	return 0;
}
