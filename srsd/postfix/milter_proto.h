/* SPDX-License-Identifier: ISC */
/*
 * milter_proto - the milter protocol, the side of the filter: bytes to packets, and replies to
 * bytes. Pure.
 *
 *	packet:		LENGTH COMMAND payload
 *	LENGTH:		4 bytes, big-endian: of COMMAND and payload
 *	COMMAND:	one byte
 *
 * The numbers are those of libmilter's mfdef.h, version 6. Integers in a payload are big-endian, and
 * texts end with a NUL. The MTA offers a version, the actions that a filter may ask for, and the
 * steps that it can omit; the filter replies with a subset.
 *
 * Measured with Postfix 3.7.11:
 * - milter_protocol is 2, 3, 4 or 6. The version limits the steps that Postfix offers (none without
 *   a reply before 6), not the actions: with each it changes senders, and obeys lists of macros.
 * - Macros precede each command, even one that is switched off, and each header. `i` has a value
 *   from the second RCPT of a message on, but not at MAIL and at the first RCPT. {rcpt_mailer} is
 *   the transport; for a recipient in virtual_alias_domains it is "error". Stages that our reply
 *   does not list have Postfix's default macros.
 * - Addresses and parameters arrive as the client typed them: "<a@x.test>", or without the angle
 *   brackets, or with a source route; "SIZE=1" or "size=1". A recipient that smtpd refuses does not
 *   arrive. non_smtpd_milters see no angle brackets, and localhost as the client.
 * - The client is that of the connection, not that of XFORWARD. After XCLIENT, and for each SMTP
 *   client, Postfix opens another connection. An unknown address is "unknown", of family '4'.
 * - The name of a header has the case of the message, and no blanks before the colon. Its value
 *   lacks one blank after the colon (not a tab). "\n" separates its lines, which keep the blanks at
 *   their beginning. It ends at a NUL and after 60,000 bytes; the rest is not delivered either. The
 *   Received header of the smtpd that asks is not among them.
 * - ABORT follows each message, and may follow it twice.
 *
 * SECURITY: the parsers store nothing. Of a packet over MILTER_PACKET_MAX, a caller gets the
 * beginning, and the number of bytes that it must drop; so it holds no more than that for a client.
 * A length of 0 or over MILTER_LENGTH_MAX is not the milter protocol: close the connection.
 */
#ifndef SRSD_POSTFIX_MILTER_PROTO_H
#define SRSD_POSTFIX_MILTER_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ipaddr.h"
#include "common/text.h"

struct buffer;

/*
 * Bytes of a packet that are kept: its length, command, and payload. Postfix cuts a command after
 * 2 KiB, and a header after 60,000 bytes. Of a header that is longer than this, the beginning
 * shows that we do not use it.
 */
#define MILTER_PACKET_MAX (16 * 1024)

/* A LENGTH over this is refused. */
#define MILTER_LENGTH_MAX (16 * 1024 * 1024)

/* The bytes of LENGTH. */
#define MILTER_HEAD_SIZE 4

/* The version that we speak. */
#define MILTER_VERSION 6

/* The commands of an MTA. Any other byte is a command that we do not know. */
enum milter_command {
	MILTER_ABORT = 'A',
	MILTER_BODY = 'B',
	MILTER_CONNECT = 'C',
	MILTER_MACROS = 'D',
	MILTER_END_OF_MESSAGE = 'E', /* its payload, if any, is the end of the body */
	MILTER_HELO = 'H',
	MILTER_QUIT_NEW = 'K', /* the connection goes on with the next client */
	MILTER_HEADER = 'L',
	MILTER_MAIL = 'M',
	MILTER_END_OF_HEADERS = 'N',
	MILTER_OPTIONS = 'O',
	MILTER_QUIT = 'Q',
	MILTER_RCPT = 'R',
	MILTER_DATA = 'T',
	MILTER_UNKNOWN = 'U', /* an SMTP command that the MTA does not know */
};

/* What a filter may ask for at the end of a message (SMFIF_*). */
enum milter_action {
	MILTER_MAY_ADD_RCPT = 1 << 2,
	MILTER_MAY_DELETE_RCPT = 1 << 3,
	MILTER_MAY_QUARANTINE = 1 << 5,
	MILTER_MAY_CHANGE_SENDER = 1 << 6,
	MILTER_MAY_LIST_MACROS = 1 << 8,
};

/* What the MTA does not send (NO), and what the filter does not answer (NR); SMFIP_*. */
enum milter_step {
	MILTER_NO_HELO = 1 << 1,
	MILTER_NO_BODY = 1 << 4,
	MILTER_NR_HEADER = 1 << 7,
	MILTER_NO_UNKNOWN = 1 << 8,
	MILTER_NO_DATA = 1 << 9,
	MILTER_NR_CONNECT = 1 << 12,
	MILTER_NR_HELO = 1 << 13,
	MILTER_NR_MAIL = 1 << 14,
	MILTER_NR_RCPT = 1 << 15,
	MILTER_NR_DATA = 1 << 16,
	MILTER_NR_UNKNOWN = 1 << 17,
	MILTER_NR_END_OF_HEADERS = 1 << 18,
	MILTER_NR_BODY = 1 << 19,
};

/*
 * The actions and the steps that we want. Only MAIL and RCPT, headers and their end are of use, and
 * all verdicts but those of RCPT wait for the end of the message. SMFIP_RCPT_REJ is not wanted: it
 * shows recipients that smtpd has refused.
 */
#define MILTER_ACTIONS                                                          \
	(MILTER_MAY_ADD_RCPT | MILTER_MAY_DELETE_RCPT | MILTER_MAY_QUARANTINE | \
	    MILTER_MAY_CHANGE_SENDER | MILTER_MAY_LIST_MACROS)
#define MILTER_STEPS                                                            \
	(MILTER_NO_HELO | MILTER_NO_BODY | MILTER_NO_UNKNOWN | MILTER_NO_DATA | \
	    MILTER_NR_CONNECT | MILTER_NR_MAIL | MILTER_NR_HEADER | MILTER_NR_END_OF_HEADERS)

/* The payload points into the bytes that were parsed. */
struct milter_packet {
	char command;
	struct text payload; /* its beginning, if rest > 0 */
	size_t rest;         /* bytes of the payload that follow: the caller drops them */
};

struct milter_options {
	uint32_t version;
	uint32_t actions;
	uint32_t steps;
};

struct milter_client {
	struct text name;
	struct ipaddr address; /* family 0: no usable address */
	unsigned port;         /* 0: not known */
};

struct milter_macros {
	char command;      /* the macros belong to the next packet with this command */
	struct text pairs; /* those that are left */
};

struct milter_path {
	struct text address;    /* as the client wrote it, without angle brackets */
	struct text parameters; /* those that are left */
};

struct milter_header {
	struct text name;
	struct text value; /* its beginning, if cut; lines are separated by a newline */
	bool cut;
};

/*
 * Parses the packet at the beginning of len bytes, which are all bytes that were received and not
 * used so far.
 *	1  got a packet; it has *used bytes of data, and packet->rest bytes follow that the caller
 *	   must drop
 *	0  need more: call again with the same bytes and those that follow; *used is 0
 *	-1 not a packet: close the connection; *error is the reason, a static text; *used is 0
 * The result for some bytes does not depend on how they were divided into calls.
 */
int milter_parse(
    const char *data, size_t len, size_t *used, struct milter_packet *packet, const char **error);

/*
 * The parsers of payloads. They return false for a payload that is not of this form: *error is then
 * the reason, a static text, and the result undefined. All texts point into the payload.
 */

/* MILTER_OPTIONS, of an MTA. Bytes after the steps are ignored. */
bool milter_parse_options(
    const struct milter_packet *packet, struct milter_options *offered, const char **error);

/* MILTER_CONNECT. "IPv6:" before an address, as in Sendmail's, is accepted. */
bool milter_parse_client(
    const struct milter_packet *packet, struct milter_client *client, const char **error);

/* MILTER_MACROS. */
bool milter_parse_macros(
    const struct milter_packet *packet, struct milter_macros *macros, const char **error);

/* MILTER_MAIL and MILTER_RCPT. A packet that was cut is refused. */
bool milter_parse_path(
    const struct milter_packet *packet, struct milter_path *path, const char **error);

/* MILTER_HEADER. */
bool milter_parse_header(
    const struct milter_packet *packet, struct milter_header *header, const char **error);

/*
 * The next macro; false at the end. The name comes without braces: "i", "auth_authen". A pair that
 * is not complete ends the list.
 */
bool milter_next_macro(struct milter_macros *macros, struct text *name, struct text *value);

/* The next ESMTP parameter, such as "ORCPT=rfc822;a@x.test"; false at the end. */
bool milter_next_parameter(struct milter_path *path, struct text *parameter);

/*
 * The value of the first parameter with this name, in any case; false if none has it. The path
 * stays at its place.
 */
bool milter_find_parameter(const struct milter_path *path, const char *name, struct text *value);

/*
 * The options that we reply with: of those that are offered, the ones that we want. False for a
 * version below 2: close the connection.
 */
bool milter_agree(const struct milter_options *offered, struct milter_options *agreed);

/* Can the sender of a message be changed? Every version of Postfix's protocol can. */
bool milter_can_rewrite(const struct milter_options *agreed);

/* Does a command get a reply? A command that we do not know gets one. */
bool milter_is_answered(const struct milter_options *agreed, char command);

/*
 * Replies, appended to out.
 *
 * To MILTER_OPTIONS. It lists the macros that we need, if the MTA offers MILTER_MAY_LIST_MACROS.
 */
void milter_put_options(struct buffer *out, const struct milter_options *agreed);

/* To any command that is answered: the last packet of its reply. */
void milter_put_continue(struct buffer *out);
void milter_put_accept(struct buffer *out);
void milter_put_discard(struct buffer *out);
void milter_put_tempfail(struct buffer *out);

/*
 * The same with an SMTP reply such as "550 5.1.1 text", which must begin with 4 or 5 and two
 * digits and a blank. A byte that is not visible ASCII or a blank becomes '?'.
 */
void milter_put_reply(struct buffer *out, const char *text);

/* Before the last packet: still working. It starts Postfix's timeout again. */
void milter_put_progress(struct buffer *out);

/*
 * Before the last packet at the end of a message. An address is in external form, without angle
 * brackets; an empty one is the null sender. Postfix deletes a recipient if the address is that of
 * its RCPT: in the same case, with its trailing dot, but without its source route.
 */
void milter_put_sender(struct buffer *out, const char *address, size_t len);
void milter_put_added_rcpt(struct buffer *out, const char *address, size_t len);
void milter_put_deleted_rcpt(struct buffer *out, const char *address, size_t len);
void milter_put_quarantine(struct buffer *out, const char *reason);

#endif
