/* SPDX-License-Identifier: ISC */
/*
 * tcptable - Postfix's tcp_table(5) protocol: bytes to keys, verdicts to bytes. Pure.
 *
 *	request:	get SPACE key NEWLINE
 *			check SPACE key NEWLINE		from srsctl check, not from Postfix
 *	reply:		200 SPACE text NEWLINE		found
 *			500 SPACE text NEWLINE		not found
 *			400 SPACE text NEWLINE		try again, or not a request
 *
 * "check" is answered as "get" is. It marks a probe, not mail. A client of Postfix can choose
 * the key of a "get", but cannot make Postfix send a "check".
 *
 * A key and the text of a 200 have %XX for blanks, '%' and bytes that are not printable. A CR
 * before the NEWLINE is accepted.
 *
 * SECURITY: the parser stores TCPTABLE_KEY_MAX bytes of a key and counts the others, so that no
 * client makes it grow. It answers a key of any length, because header_recipient looks up every To
 * and Cc of a message, some of several kB, and a lookup that fails defers the message.
 */
#ifndef SRSD_POSTFIX_TCPTABLE_H
#define SRSD_POSTFIX_TCPTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* An address in external form has at most 254 bytes. A longer key is not an address. */
#define TCPTABLE_KEY_MAX 1024

/* A line with this many bytes is answered without waiting for its end. */
#define TCPTABLE_LINE_MAX (64 * 1024)

/* Postfix reads at most 4096 bytes of a reply; an encoded address needs at most 3 * 254. */
#define TCPTABLE_REPLY_SIZE 1024

enum tcptable_state {
	TCPTABLE_VERB, /* inside "get " or "check " */
	TCPTABLE_KEY,
	TCPTABLE_HEX_HIGH, /* after '%' */
	TCPTABLE_HEX_LOW,
	TCPTABLE_BAD,  /* the error is known; the rest of the line is skipped */
	TCPTABLE_SKIP, /* the line is answered; the rest of it is skipped */
};

struct tcptable_parser {
	enum tcptable_state state;
	bool probe;      /* the line begins as "check " does */
	bool cr;         /* a CR was read that may belong to the end of the line */
	size_t line_len; /* bytes of this line so far */
	size_t key_len;  /* bytes stored in key */
	bool overlong;   /* the key has more bytes than are stored */
	int high;        /* the first digit of %XX */
	const char *error;
	char key[TCPTABLE_KEY_MAX];
};

struct tcptable_request {
	const char *key; /* decoded, without a NUL; valid until the next call of the parser */
	size_t len;
	bool overlong; /* only the beginning of a longer key */
	bool probe;    /* its verb is "check" */
};

/* What holds between two calls of the parser. */
/*@ predicate tcptable_ready(struct tcptable_parser *p) =
      0 <= p->state <= TCPTABLE_SKIP && p->key_len <= TCPTABLE_KEY_MAX &&
      (p->state != TCPTABLE_SKIP ==> p->line_len < TCPTABLE_LINE_MAX) &&
      (p->state == TCPTABLE_VERB ==> p->line_len < (p->probe ? 6 : 4)) &&
      (p->state == TCPTABLE_HEX_LOW ==> 0 <= p->high < 16); */

/* Must be called before the first bytes of a connection. */
/*@ requires \valid(p);
    assigns *p;
    ensures tcptable_ready(p); */
void tcptable_init(struct tcptable_parser *p);

/*
 * Parses bytes up to the end of one request. Always sets *used to the number of bytes that were
 * parsed, which the caller must not pass in again.
 *	1  got a request, in *req
 *	0  need more: all bytes were used
 *	-1 not a request: answer it with 400 and *error, a static text, and continue
 */
/*@ requires \valid(p) && tcptable_ready(p) && \valid_read(data + (0 .. len - 1));
    requires \valid(used) && \valid(req) && \valid(error);
    requires \separated(p, data + (0 .. len - 1), used, req, error);
    assigns *p, *used, *req, *error;
    ensures tcptable_ready(p) && *used <= len;
    ensures \result == 1 ==> *used > 0 && req->key == p->key && req->len <= TCPTABLE_KEY_MAX;
    ensures \result == 1 ==> \initialized(&req->key) && \initialized(&req->len);
    ensures \result == 0 ==> *used == len;
    ensures \result == -1 ==> *used > 0;
    ensures \result == -1 || \result == 0 || \result == 1; */
int tcptable_parse(struct tcptable_parser *p, const char *data, size_t len, size_t *used,
    struct tcptable_request *req, const char **error);

/* Writes the reply 200 with len bytes of text, encoded and cut to fit. Returns its length. */
/*@ requires \valid(buf + (0 .. TCPTABLE_REPLY_SIZE - 1)) && \valid_read(text + (0 .. len - 1));
    requires \separated(buf + (0 .. TCPTABLE_REPLY_SIZE - 1), text + (0 .. len - 1));
    assigns buf[0 .. TCPTABLE_REPLY_SIZE - 1];
    ensures 5 <= \result <= TCPTABLE_REPLY_SIZE && buf[\result - 1] == '\n'; */
size_t tcptable_found(char buf[TCPTABLE_REPLY_SIZE], const char *text, size_t len);

/*
 * Writes the reply 400 or 500 with a reason, which must be a short text of visible ASCII characters
 * and blanks; a longer one is cut to fit. Returns the length of the line, which has no NUL.
 */
/*@ requires \valid(buf + (0 .. TCPTABLE_REPLY_SIZE - 1));
    requires valid_read_string((char *)reason) ||
        \valid_read(reason + (0 .. TCPTABLE_REPLY_SIZE - 1));
    requires \separated(buf + (0 .. TCPTABLE_REPLY_SIZE - 1),
        reason + (0 .. TCPTABLE_REPLY_SIZE - 1));
    requires 0 <= code <= 999;
    assigns buf[0 .. TCPTABLE_REPLY_SIZE - 1];
    ensures 5 <= \result <= TCPTABLE_REPLY_SIZE && buf[\result - 1] == '\n'; */
size_t tcptable_refusal(char buf[TCPTABLE_REPLY_SIZE], int code, const char *reason);

#endif
