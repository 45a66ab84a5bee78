/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "srsd/postfix/tcptable.h"

/* The verbs: that of Postfix, and that of a probe. */
static const char verbs[][8] = { "get ", "check " };

void
tcptable_init(struct tcptable_parser *p)
{
	p->state = TCPTABLE_VERB;
	p->probe = false;
	p->cr = false;
	p->line_len = 0;
	p->key_len = 0;
	p->overlong = false;
	p->error = NULL;
}

/*@ requires \valid(p) && p->key_len <= TCPTABLE_KEY_MAX;
    assigns p->key_len, p->overlong, p->key[0 .. TCPTABLE_KEY_MAX - 1];
    ensures p->key_len <= TCPTABLE_KEY_MAX; */
static void
store_key_byte(struct tcptable_parser *p, char c)
{
	if (p->key_len < sizeof(p->key))
		p->key[p->key_len++] = c;
	else
		p->overlong = true;
}

/*@ requires \valid(p);
    assigns p->state, p->error;
    ensures p->state == TCPTABLE_BAD; */
static void
set_line_error(struct tcptable_parser *p, const char *error)
{
	p->state = TCPTABLE_BAD;
	p->error = error;
}

/*@ requires \valid(p) && tcptable_ready(p) && p->state == TCPTABLE_KEY;
    assigns *p;
    ensures p->state == TCPTABLE_KEY || p->state == TCPTABLE_HEX_HIGH || p->state == TCPTABLE_BAD;
    ensures p->key_len <= TCPTABLE_KEY_MAX && p->line_len == \old(p->line_len); */
static void
parse_key_byte(struct tcptable_parser *p, char c)
{
	if (p->cr) {
		store_key_byte(p, '\r');
		p->cr = false;
	}
	if (c == '%')
		p->state = TCPTABLE_HEX_HIGH;
	else if (c == ' ' || c == '\t')
		set_line_error(p, "blank in the key; send it as %20");
	else if (c == '\r')
		p->cr = true;
	else
		store_key_byte(p, c);
}

/*@ requires \valid(p) && tcptable_ready(p) &&
        (p->state == TCPTABLE_HEX_HIGH || p->state == TCPTABLE_HEX_LOW);
    assigns *p;
    ensures p->state == TCPTABLE_KEY || p->state == TCPTABLE_HEX_LOW || p->state == TCPTABLE_BAD;
    ensures p->state == TCPTABLE_HEX_LOW ==> 0 <= p->high < 16;
    ensures p->key_len <= TCPTABLE_KEY_MAX && p->line_len == \old(p->line_len); */
static void
parse_hex_byte(struct tcptable_parser *p, char c)
{
	int digit = ascii_hex(c);

	if (digit == -1) {
		set_line_error(p, "% without two hexadecimal digits");
	} else if (p->state == TCPTABLE_HEX_HIGH) {
		p->high = digit;
		p->state = TCPTABLE_HEX_LOW;
	} else {
		store_key_byte(p, (char)(16 * p->high + digit));
		p->state = TCPTABLE_KEY;
	}
}

/*@ requires \valid(p) && tcptable_ready(p) && p->state == TCPTABLE_VERB;
    assigns *p;
    ensures p->state == TCPTABLE_KEY || p->state == TCPTABLE_VERB || p->state == TCPTABLE_BAD;
    ensures p->state == TCPTABLE_VERB ==> p->line_len + 1 < (p->probe ? 6 : 4);
    ensures p->key_len <= TCPTABLE_KEY_MAX && p->line_len == \old(p->line_len); */
static void
parse_verb_byte(struct tcptable_parser *p, char c)
{
	const char *verb;

	if (p->line_len == 0 && c == verbs[true][0])
		p->probe = true;
	verb = verbs[p->probe];
	if (c != verb[p->line_len])
		set_line_error(p, "not a request; send: get KEY");
	else if (verb[p->line_len + 1] == '\0')
		p->state = TCPTABLE_KEY;
}

/*@ requires \valid(p) && tcptable_ready(p);
    assigns *p;
    ensures p->state != TCPTABLE_SKIP ==> p->line_len <= TCPTABLE_LINE_MAX;
    ensures p->line_len != TCPTABLE_LINE_MAX ==> tcptable_ready(p);
    ensures p->key_len <= TCPTABLE_KEY_MAX && 0 <= p->state <= TCPTABLE_SKIP;
    ensures p->state == TCPTABLE_SKIP ==> tcptable_ready(p);
    ensures p->state != TCPTABLE_SKIP ==> p->line_len == \old(p->line_len) + 1; */
static void
parse_line_byte(struct tcptable_parser *p, char c)
{
	switch (p->state) {
	case TCPTABLE_VERB:
		parse_verb_byte(p, c);
		break;
	case TCPTABLE_KEY:
		parse_key_byte(p, c);
		break;
	case TCPTABLE_HEX_HIGH:
	case TCPTABLE_HEX_LOW:
		parse_hex_byte(p, c);
		break;
	default:
		break;
	}
	p->line_len++;
}

/* parse_plain_bytes - the bytes of a key up to the next special one; returns their number */
/*@ requires \valid(p) && tcptable_ready(p) && \valid_read(data + (0 .. len - 1));
    requires \separated(p, data + (0 .. len - 1));
    assigns *p;
    ensures tcptable_ready(p) && \result <= len; */
static size_t
parse_plain_bytes(struct tcptable_parser *p, const char *data, size_t len)
{
	size_t room = TCPTABLE_LINE_MAX - p->line_len - 1, n = 0;

	if (p->state != TCPTABLE_KEY || p->cr)
		return 0;
	/*@ loop invariant n <= len && n <= room && p->key_len <= TCPTABLE_KEY_MAX;
	    loop assigns n, p->key_len, p->overlong, p->key[0 .. TCPTABLE_KEY_MAX - 1];
	    loop variant len - n; */
	while (n < len && n < room && ascii_isgraph(data[n]) && data[n] != '%')
		store_key_byte(p, data[n++]);
	p->line_len += n;
	return n;
}

/* report_key_line - the result of tcptable_parse for a line */
/*@ requires \valid(p) && \valid(req) && \valid(error) && \separated(p, req, error);
    requires p->key_len <= TCPTABLE_KEY_MAX && 0 <= p->state <= TCPTABLE_SKIP;
    assigns p->state, p->error, *req, *error;
    ensures \result == -1 || (\result == 1 && req->key == p->key && req->len == p->key_len);
    ensures \result == 1 ==> \initialized(&req->key) && \initialized(&req->len); */
static int
report_key_line(struct tcptable_parser *p, struct tcptable_request *req, const char **error)
{
	if (p->state == TCPTABLE_VERB)
		set_line_error(p, "not a request; send: get KEY");
	else if (p->state == TCPTABLE_HEX_HIGH || p->state == TCPTABLE_HEX_LOW)
		set_line_error(p, "% without two hexadecimal digits");
	else if (p->state == TCPTABLE_KEY && p->key_len == 0)
		set_line_error(p, "no key; send: get KEY");
	if (p->state == TCPTABLE_BAD) {
		*error = p->error;
		return -1;
	}
	req->key = p->key;
	req->len = p->key_len;
	req->overlong = p->overlong;
	req->probe = p->probe;
	return 1;
}

/* finish_key_line - 0 if the line was reported before, when it became too long */
/*@ requires \valid(p) && \valid(req) && \valid(error) && \separated(p, req, error);
    requires p->key_len <= TCPTABLE_KEY_MAX && 0 <= p->state <= TCPTABLE_SKIP;
    assigns *p, *req, *error;
    ensures tcptable_ready(p);
    ensures -1 <= \result <= 1;
    ensures \result == 1 ==> req->key == p->key && req->len <= TCPTABLE_KEY_MAX;
    ensures \result == 1 ==> \initialized(&req->key) && \initialized(&req->len); */
static int
finish_key_line(struct tcptable_parser *p, struct tcptable_request *req, const char **error)
{
	int got = p->state == TCPTABLE_SKIP ? 0 : report_key_line(p, req, error);

	tcptable_init(p);
	return got;
}

int
tcptable_parse(struct tcptable_parser *p, const char *data, size_t len, size_t *used,
    struct tcptable_request *req, const char **error)
{
	size_t i;
	int got;

	/*@ loop invariant i <= len && tcptable_ready(p);
	    loop assigns i, got, *p, *req, *error;
	    loop variant len - i; */
	for (i = 0; i < len; i++) {
		i += parse_plain_bytes(p, data + i, len - i);
		if (i == len)
			break;
		if (data[i] == '\n') {
			got = finish_key_line(p, req, error);
			if (got == 0)
				continue;
			*used = i + 1;
			return got;
		}
		parse_line_byte(p, data[i]);
		if (p->line_len == TCPTABLE_LINE_MAX && p->state != TCPTABLE_SKIP) {
			*used = i + 1;
			got = report_key_line(p, req, error);
			p->state = TCPTABLE_SKIP;
			return got;
		}
	}
	*used = len;
	return 0;
}

size_t
tcptable_found(char buf[TCPTABLE_REPLY_SIZE], const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	char *p = buf, *end = buf + TCPTABLE_REPLY_SIZE - 4;
	size_t i;

	memcpy(p, "200 ", 4);
	p += 4;
	/*@ loop invariant i <= len && buf + 4 <= p <= end + 2 && p == buf + (p - buf);
	    loop assigns i, p, buf[4 .. TCPTABLE_REPLY_SIZE - 2];
	    loop variant len - i; */
	for (i = 0; i < len && p < end; i++) {
		if (ascii_isgraph(text[i]) && text[i] != '%') {
			*p++ = text[i];
		} else {
			*p++ = '%';
			*p++ = hex[(unsigned char)text[i] / 16];
			*p++ = hex[(unsigned char)text[i] % 16];
		}
	}
	*p++ = '\n';
	return (size_t)(p - buf);
}

size_t
tcptable_refusal(char buf[TCPTABLE_REPLY_SIZE], int code, const char *reason)
{
	size_t len = strnlen(reason, TCPTABLE_REPLY_SIZE - 5);

	/* printf(3) was a third of the instructions of a lookup that finds nothing. */
	buf[0] = (char)('0' + code / 100);
	buf[1] = (char)('0' + code / 10 % 10);
	buf[2] = (char)('0' + code % 10);
	buf[3] = ' ';
	memcpy(buf + 4, reason, len);
	buf[4 + len] = '\n';
	return len + 5;
}
