/* SPDX-License-Identifier: ISC */
/*
 * socketmap - Postfix's socketmap_table(5) protocol, the side of the server. Pure.
 *
 *	request:	netstring of: MAP SPACE KEY
 *	reply:		netstring of: OK SPACE text		found
 *				      NOTFOUND SPACE reason	not found
 *				      TEMP SPACE reason		try again
 *				      PERM SPACE reason		an error of the configuration
 *	netstring:	LENGTH ":" bytes ","			cr.yp.to/proto/netstrings.txt
 *
 * LENGTH is the number of bytes in decimal, without leading zeros. A key is any bytes, blanks and
 * NULs included. Postfix sends the next request after the reply to the last one; other clients may
 * send many at once, and are answered in order.
 *
 * SECURITY: the parser stores nothing, and a length over the limit is an error as soon as its
 * digits arrive. A caller that keeps the bytes of an unfinished request holds fewer than
 * SOCKETMAP_KEPT_MAX and a head for each client, if it asks socketmap_parse_long() as well.
 */
#ifndef SRSD_POSTFIX_SOCKETMAP_H
#define SRSD_POSTFIX_SOCKETMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

/* Bytes between ':' and ',': Postfix's own limit for a reply, and ours for a request. */
#define SOCKETMAP_PAYLOAD_MAX 100000

/* Bytes of a payload that are of use: a longer key is not an address. */
#define SOCKETMAP_KEPT_MAX 4096

/* Bytes of a whole request: six digits, ':', the payload and ','. */
#define SOCKETMAP_REQUEST_MAX (SOCKETMAP_PAYLOAD_MAX + 8)

/* The error of a request without its comma. */
#define SOCKETMAP_NO_COMMA "Invalid query: no comma at the end of the netstring."

/* Bytes of an address or a reason in a reply. An address has at most 254 (common/mailaddr.h). */
#define SOCKETMAP_TEXT_MAX 1000

/* Room for the longest reply: four digits, ':', "NOTFOUND ", the text and ','. */
#define SOCKETMAP_REPLY_SIZE 1024

/* Before the name of a map: a probe of srsctl check, which is not mail. */
#define SOCKETMAP_PROBE "check:"

enum socketmap_status {
	SOCKETMAP_OK,
	SOCKETMAP_NOTFOUND,
	SOCKETMAP_TEMP,
	SOCKETMAP_PERM,
};

/* Both point into the payload, and neither is empty. */
struct socketmap_request {
	struct text map; /* without a blank */
	struct text key;
};

/*
 * Parses the netstring at the beginning of len bytes, which are all bytes that were received and
 * not used so far.
 *	1  got a payload, which points into data; its netstring has *used bytes
 *	0  need more: call again with the same bytes and those that follow; *used is 0
 *	-1 not a netstring, or one over the limit; *error is the reason, a static text, and *used is
 *	   0. The beginning of the next request is not known: reply PERM and close the connection.
 * The result for some bytes does not depend on how they were divided into calls.
 */
/*@ requires \valid_read(data + (0 .. len - 1));
    requires \valid(used) && \valid(payload) && \valid(error);
    requires \separated(data + (0 .. len - 1), used, payload, error);
    assigns *used, *payload, *error;
    ensures -1 <= \result <= 1 && *used <= len;
    ensures \result != 1 ==> *used == 0;
    ensures \result == 1 ==> payload->len <= SOCKETMAP_PAYLOAD_MAX && payload->len + 2 < *used &&
        payload->s + payload->len + 1 == data + *used; */
int socketmap_parse(
    const char *data, size_t len, size_t *used, struct text *payload, const char **error);

/*
 * For bytes of which socketmap_parse() needs more: are they the beginning of a payload of more than
 * SOCKETMAP_KEPT_MAX bytes, with that many of them? If so, *payload is that beginning, *used the
 * bytes up to its end, and *rest > 0 how many follow; the last of them has to be a comma. The
 * caller need not keep the rest.
 */
/*@ requires \valid_read(data + (0 .. len - 1));
    requires \valid(used) && \valid(payload) && \valid(rest);
    requires \separated(data + (0 .. len - 1), used, payload, rest);
    assigns *used, *payload, *rest;
    ensures \result == \true ==> *used <= len && payload->len == SOCKETMAP_KEPT_MAX &&
        payload->s + payload->len == data + *used &&
        0 < *rest <= SOCKETMAP_PAYLOAD_MAX - SOCKETMAP_KEPT_MAX + 1; */
bool socketmap_parse_long(
    const char *data, size_t len, size_t *used, struct text *payload, size_t *rest);

/*
 * Splits a payload at its first blank. False when it is not a request: *error is the reason, a
 * static text. Reply PERM and continue with the next request.
 */
/*@ requires \valid_read(payload.s + (0 .. payload.len - 1));
    requires \valid(request) && \valid(error);
    requires \separated(payload.s + (0 .. payload.len - 1), request, error);
    assigns *request, *error;
    ensures \result == \true ==> request->map.len > 0 && request->key.len > 0 &&
        request->map.s == payload.s && request->key.s == payload.s + request->map.len + 1 &&
        request->map.len + 1 + request->key.len == payload.len; */
bool socketmap_split(struct text payload, struct socketmap_request *request, const char **error);

/*
 * Writes a reply, without a NUL at its end, and returns its length. The text is an address in
 * external form for SOCKETMAP_OK, otherwise a reason for Postfix's log; it may be empty. Postfix
 * ends it at a NUL. Returns 0, and writes nothing, when the text is longer than SOCKETMAP_TEXT_MAX.
 */
/*@ requires \valid(buf + (0 .. SOCKETMAP_REPLY_SIZE - 1)) && \valid_read(text + (0 .. len - 1));
    requires \separated(buf + (0 .. SOCKETMAP_REPLY_SIZE - 1), text + (0 .. len - 1));
    requires SOCKETMAP_OK <= status <= SOCKETMAP_PERM;
    assigns buf[0 .. SOCKETMAP_REPLY_SIZE - 1];
    ensures \result == 0 <==> len > SOCKETMAP_TEXT_MAX;
    ensures \result <= SOCKETMAP_REPLY_SIZE;
    ensures \result > 0 ==> buf[\result - 1] == ','; */
size_t socketmap_reply(
    char buf[SOCKETMAP_REPLY_SIZE], enum socketmap_status status, const char *text, size_t len);

#endif
