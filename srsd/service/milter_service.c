/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/postfix/milter_proto.h"
#include "srsd/service/milter_service.h"

/* Bytes of a macro's value that are kept; a queue ID of Postfix has at most 16. */
#define MACRO_SIZE 256

/*
 * While a decision waits, the bytes of the end of the message remain with the host. They are parsed
 * again when the decision is there.
 */
struct milter_session {
	struct session session;
	struct milter_options agreed;
	size_t rest; /* bytes of a long packet that are dropped */
	struct milter_peer peer;
	char queue[MACRO_SIZE];
	char myhostname[MACRO_SIZE];
	struct milter_message message;
};

static void
copy_macro(char *to, size_t size, struct text value)
{
	size_t len = value.len < size ? value.len : size - 1;

	memcpy(to, value.s, len);
	to[len] = '\0';
}

static void
use_macro(struct milter_session *s, struct text name, struct text value)
{
	if (text_is(name, "i"))
		copy_macro(s->queue, sizeof(s->queue), value);
	else if (text_is(name, "j"))
		copy_macro(s->myhostname, sizeof(s->myhostname), value);
	else if (text_is(name, "auth_authen"))
		copy_macro(s->peer.sasl_username, sizeof(s->peer.sasl_username), value);
}

static bool
take_macros(struct milter_session *s, const struct milter_packet *packet, const char **error)
{
	struct milter_macros macros;
	struct text name, value;

	/* Each header field has macros of its own, and none of them is needed. */
	if (packet->payload.len > 0 && packet->payload.s[0] == MILTER_HEADER)
		return true;
	if (!milter_parse_macros(packet, &macros, error))
		return false;
	while (milter_next_macro(&macros, &name, &value))
		use_macro(s, name, value);
	return true;
}

static void
log_milter_error(const char *error)
{
	static struct log_limit limit;

	if (log_allows(&limit))
		log_warnx("milter request refused, connection closed: %s", error);
}

static bool
take_options(struct milter_session *s, const struct milter_packet *packet, struct buffer *out,
    const char **error)
{
	struct milter_options offered;

	if (!milter_parse_options(packet, &offered, error))
		return false;
	*error = "the version of the milter protocol is not supported";
	if (!milter_agree(&offered, &s->agreed))
		return false;
	s->message.can_rewrite = milter_can_rewrite(&s->agreed);
	milter_put_options(out, &s->agreed);
	return true;
}

static void
forget_peer(struct milter_session *s)
{
	memset(&s->peer, 0, sizeof(s->peer));
	s->queue[0] = '\0';
	milter_message_clear(&s->message);
}

static bool
take_client(struct milter_session *s, const struct milter_packet *packet, const char **error)
{
	struct milter_client client;

	if (!milter_parse_client(packet, &client, error))
		return false;
	s->peer.address = client.address;
	ipaddr_format(&client.address, s->peer.text);
	return true;
}

static bool
take_sender(struct milter_session *s, const struct milter_packet *packet, const char **error)
{
	struct milter_path path;

	if (!milter_parse_path(packet, &path, error))
		return false;
	milter_message_begin(&s->message, path.address, s->myhostname);
	return true;
}

/* take_recipient - *reply is set to an SMTP reply if it is not accepted */
static bool
take_recipient(struct milter_session *s, const struct milter_packet *packet,
    char buf[MILTER_MESSAGE_REPLY_SIZE], const char **reply, const char **error)
{
	struct text original = { "", 0 };
	struct milter_path path;

	if (!milter_parse_path(packet, &path, error))
		return false;
	*error = "RCPT before MAIL";
	if (!milter_message_is_begun(&s->message))
		return false;
	milter_find_parameter(&path, "ORCPT", &original);
	*reply = milter_message_add_recipient(&s->message, &s->peer, path.address, original, buf);
	return true;
}

static bool
take_header(struct milter_session *s, const struct milter_packet *packet, const char **error)
{
	struct milter_header header;

	if (!milter_parse_header(packet, &header, error))
		return false;
	if (milter_message_is_begun(&s->message))
		milter_message_add_header(&s->message, header.name, header.value, header.cut);
	return true;
}

static void
put_changes(const struct milter_message *m, struct buffer *out)
{
	const struct milter_change *change;
	size_t i;

	for (i = 0; i < m->n_changes; i++) {
		change = &m->changes[i];
		if (!change->drop && change->to[0] == '\0')
			continue;
		milter_put_deleted_rcpt(out, change->from, strlen(change->from));
		if (!change->drop)
			milter_put_added_rcpt(out, change->to, strlen(change->to));
	}
}

static void
put_decided(const struct milter_session *s, struct buffer *out)
{
	const struct milter_message *m = &s->message;
	enum milter_result result = milter_message_result(m);

	if (m->settings->milter_test_only) {
		milter_put_continue(out);
		return;
	}
	if (result == MILTER_RESULT_DEFERRED) {
		milter_put_reply(out, m->deferred);
		return;
	}
	if (result == MILTER_RESULT_DISCARDED) {
		milter_put_discard(out);
		return;
	}
	if (m->is_signed)
		milter_put_sender(out, m->to.text, m->to.len);
	put_changes(m, out);
	if (m->decision.hold)
		milter_put_quarantine(out, "srsd: the sender is not authenticated");
	milter_put_continue(out);
}

/* end_message - false: the decision waits */
static bool
end_message(struct milter_session *s, struct buffer *out)
{
	if (!milter_message_is_begun(&s->message)) {
		milter_put_continue(out);
		return true;
	}
	if (!milter_message_end(&s->message))
		return false;
	milter_message_report(&s->message, text_of(s->queue));
	put_decided(s, out);
	milter_message_clear(&s->message);
	s->queue[0] = '\0';
	return true;
}

/* take_packet - false with a reason: it does not belong here, or has a wrong form */
static bool
take_packet(struct milter_session *s, const struct milter_packet *packet, struct buffer *out,
    const char **error)
{
	char buf[MILTER_MESSAGE_REPLY_SIZE];
	const char *reply = NULL;
	bool ok = true;

	switch (packet->command) {
	case MILTER_MACROS:
		return take_macros(s, packet, error);
	case MILTER_OPTIONS:
		return take_options(s, packet, out, error);
	case MILTER_QUIT_NEW:
		forget_peer(s);
		return true;
	case MILTER_ABORT:
		milter_message_clear(&s->message);
		return true;
	case MILTER_CONNECT:
		forget_peer(s);
		ok = take_client(s, packet, error);
		break;
	case MILTER_MAIL:
		ok = take_sender(s, packet, error);
		break;
	case MILTER_RCPT:
		ok = take_recipient(s, packet, buf, &reply, error);
		break;
	case MILTER_HEADER:
		ok = take_header(s, packet, error);
		break;
	default:
		break;
	}
	if (!ok || !milter_is_answered(&s->agreed, packet->command))
		return ok;
	if (reply != NULL)
		milter_put_reply(out, reply);
	else
		milter_put_continue(out);
	return true;
}

/* drop_milter_rest - of a long packet; false: more of it has not arrived */
static bool
drop_milter_rest(struct milter_session *s, size_t len, size_t *used)
{
	size_t n = len - *used < s->rest ? len - *used : s->rest;

	*used += n;
	s->rest -= n;
	return s->rest == 0;
}

static enum session_state
milter_session_input(
    struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct milter_session *s = (struct milter_session *)session;
	struct milter_packet packet;
	const char *error;
	size_t n;
	int got;

	*used = 0;
	while (drop_milter_rest(s, len, used)) {
		got = milter_parse(data + *used, len - *used, &n, &packet, &error);
		if (got == 0)
			return SESSION_READING;
		if (got == 1 && packet.command == MILTER_QUIT)
			return SESSION_CLOSE;
		if (got == 1 && packet.command == MILTER_END_OF_MESSAGE && !end_message(s, out))
			return SESSION_BUSY;
		if (got == -1 || (packet.command != MILTER_END_OF_MESSAGE &&
				     !take_packet(s, &packet, out, &error))) {
			log_milter_error(error);
			return SESSION_CLOSE;
		}
		*used += n;
		s->rest = packet.rest;
	}
	return SESSION_READING;
}

static void
milter_session_close(struct session *session)
{
	struct milter_session *s = (struct milter_session *)session;

	milter_message_clear(&s->message);
	free(s);
}

static const struct session_ops milter_session_ops = {
	.input = milter_session_input,
	.close = milter_session_close,
};

static void
wake_milter_session(void *arg)
{
	const struct session_host *host = arg;

	host->wake(host->arg);
}

struct session *
milter_session_open(void *service, const struct session_host *host)
{
	struct milter_session *s = xcalloc(1, sizeof(*s));

	s->session.ops = &milter_session_ops;
	milter_message_init(&s->message, service, wake_milter_session, (void *)host);
	return &s->session;
}
