/* SPDX-License-Identifier: ISC */
/*
 * smtp_question - asks an SMTP server whether it accepts mail for a recipient: the bytes of the
 * server in, commands out (RFC 5321). Pure.
 *
 *	server		client
 *	220		EHLO helo
 *	250		MAIL FROM:<>
 *	250		RCPT TO:<recipient>
 *	250		RCPT TO:<forged>
 *	any		QUIT
 *
 * DATA is never sent, so that there is no message to deliver. 250 to the first RCPT TO and not to
 * the second is yes: a server that accepts both says nothing by it. 550 to the first one is no,
 * unless its enhanced status code (RFC 3463) is about another matter than the address, such as
 * 5.7.1. Every other reply, at any step, leaves the question open.
 *
 *	reply	= *( code "-" text end ) code [ SP text ] end
 *	end	= [ CR ] LF
 *
 * SECURITY: the server may be hostile. A line has at most SMTP_QUESTION_LINE_MAX bytes and a reply
 * at most SMTP_QUESTION_LINES_MAX lines; a NUL, a malformed line or a second code ends the
 * conversation. A server that claims to accept the recipient only is believed.
 */
#ifndef SRSD_CTL_SMTP_QUESTION_H
#define SRSD_CTL_SMTP_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/printable.h"

/* Bytes of a line without its end (RFC 5321, 4.5.3.1.5 has 510), and lines of a reply. */
#define SMTP_QUESTION_LINE_MAX 1000
#define SMTP_QUESTION_LINES_MAX 100

#define SMTP_QUESTION_REASON_SIZE 256

enum smtp_answer {
	SMTP_PENDING,
	SMTP_ACCEPTS,
	SMTP_REFUSES,
	SMTP_UNCLEAR,
};

/* The reply that is awaited. */
enum smtp_step {
	SMTP_STEP_GREETING,
	SMTP_STEP_EHLO,
	SMTP_STEP_MAIL,
	SMTP_STEP_RCPT,
	SMTP_STEP_FORGED,
	SMTP_STEP_QUIT,
};

/* A conversation. answer and reason are for the caller, the rest is private. */
struct smtp_question {
	enum smtp_answer answer;
	/* Why, with the server's reply, in visible ASCII; "" while the answer is pending. */
	char reason[SMTP_QUESTION_REASON_SIZE];
	const char *helo;
	const char *recipient;
	const char *forged;
	enum smtp_step step;
	unsigned lines;             /* of the current reply, so far */
	int code;                   /* of its first line */
	char first[PRINTABLE_SIZE]; /* its text, printable */
	size_t len;
	char line[SMTP_QUESTION_LINE_MAX];
};

/*
 * Begins. helo is the client's name; recipient and forged are addresses in external form, the second
 * of which the server ought to refuse. All are without control characters, belong to the caller and
 * must outlive the conversation.
 */
void smtp_question_init(
    struct smtp_question *q, const char *helo, const char *recipient, const char *forged);

/*
 * Accepts bytes of the server, in pieces of any size, and appends commands to out. False when the
 * conversation is over: the answer is not pending, and the connection can be closed.
 */
bool smtp_question_take(struct smtp_question *q, const char *data, size_t len, struct buffer *out);

/* The connection failed, for a printable reason. A pending answer becomes unclear. */
void smtp_question_fail(struct smtp_question *q, const char *reason);

#endif
