/* SPDX-License-Identifier: ISC */
/*
 * tcptable - Postfix's tcp_table(5) protocol: bytes to keys, verdicts to bytes.
 *
 *	request:	get SPACE key NEWLINE		key with %XX for blanks, '%' and
 *unprintables reply:		200 SPACE text NEWLINE		found
 *			500 SPACE text NEWLINE		not found
 *			400 SPACE text NEWLINE		try again; also for requests that are none
 *
 * SECURITY: the parser holds TCPTABLE_KEY_MAX bytes of a key and counts the rest, so that a
 * client cannot make it grow, and it answers a key of any length: header_recipient sends every To
 * and Cc of a message, some of several kB, and a lookup that fails defers the message.
 */
#ifndef SRSD_POSTFIX_TCPTABLE_H
#define SRSD_POSTFIX_TCPTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* An address in external form has 254 bytes; what is longer than this needs no closer look. */
#define TCPTABLE_KEY_MAX 1024

/* Past this many bytes a line is answered without waiting for its end. */
#define TCPTABLE_LINE_MAX (64 * 1024)

/* Postfix reads at most 4096 bytes of reply; an address needs 3 * 254 at most. */
#define TCPTABLE_REPLY_SIZE 1024

struct tcptable_parser {
	int state;
	bool cr;         /* a CR was seen that may belong to the line's end */
	size_t line_len; /* bytes of this line so far */
	size_t key_len;  /* bytes kept in key */
	bool overlong;   /* more bytes than key holds */
	int high;        /* first digit of %XX */
	const char *error;
	char key[TCPTABLE_KEY_MAX];
};

struct tcptable_request {
	const char *key; /* decoded; in the parser, until its next call; no NUL at the end */
	size_t len;
	bool overlong; /* the key went on: this is its beginning */
};

void tcptable_init(struct tcptable_parser *);

/*
 * Takes bytes up to the end of one request; *used says how many, in every case.
 *	1  got a request, in *req
 *	0  all bytes used, need more
 *	-1 a request that is none: answer it with 400 and *error (static), and go on
 */
int tcptable_parse(struct tcptable_parser *, const char *data, size_t len, size_t *used,
    struct tcptable_request *req, const char **error);

/* Write a reply line; return its length. found encodes its text, reason must be plain words. */
size_t tcptable_found(char buf[TCPTABLE_REPLY_SIZE], const char *text, size_t len);
size_t tcptable_refusal(char buf[TCPTABLE_REPLY_SIZE], int code, const char *reason);

#endif
