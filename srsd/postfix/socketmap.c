/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "srsd/postfix/socketmap.h"

/*
 * parse_netstring_length - read the digits and the colon
 *
 * Returns as socketmap_parse does. *head is the offset of the payload and *length its bytes.
 */
/*@ requires \valid_read(data + (0 .. len - 1));
    requires \valid(head) && \valid(length) && \valid(error);
    requires \separated(data + (0 .. len - 1), head, length, error);
    assigns *head, *length, *error;
    ensures -1 <= \result <= 1;
    ensures \result == 1 ==> 2 <= *head <= len && *length <= SOCKETMAP_PAYLOAD_MAX; */
static int
parse_netstring_length(
    const char *data, size_t len, size_t *head, size_t *length, const char **error)
{
	size_t i, n = 0;

	/*@ loop invariant i <= len && n <= SOCKETMAP_PAYLOAD_MAX;
	    loop assigns i, n, *error;
	    loop variant len - i; */
	for (i = 0; i < len && ascii_isdigit(data[i]); i++) {
		if (i > 0 && n == 0) {
			*error = "Invalid query: leading zero in the length of the netstring.";
			return -1;
		}
		n = 10 * n + (size_t)(data[i] - '0');
		if (n > SOCKETMAP_PAYLOAD_MAX) {
			*error = "Invalid query: more than 100000 bytes.";
			return -1;
		}
	}
	if (i == len)
		return 0;
	if (i == 0 || data[i] != ':') {
		*error = i == 0 ? "Invalid query: no length at the beginning of the netstring."
				: "Invalid query: no colon after the length of the netstring.";
		return -1;
	}
	*head = i + 1;
	*length = n;
	return 1;
}

int
socketmap_parse(
    const char *data, size_t len, size_t *used, struct text *payload, const char **error)
{
	size_t head, n;
	int got;

	*used = 0;
	got = parse_netstring_length(data, len, &head, &n, error);
	if (got != 1)
		return got;
	if (len - head <= n)
		return 0;
	if (data[head + n] != ',') {
		*error = SOCKETMAP_NO_COMMA;
		return -1;
	}
	payload->s = data + head;
	payload->len = n;
	*used = head + n + 1;
	return 1;
}

bool
socketmap_parse_long(const char *data, size_t len, size_t *used, struct text *payload, size_t *rest)
{
	const char *error;
	size_t head, n;

	if (parse_netstring_length(data, len, &head, &n, &error) != 1 || n <= SOCKETMAP_KEPT_MAX ||
	    len - head < SOCKETMAP_KEPT_MAX)
		return false;
	payload->s = data + head;
	payload->len = SOCKETMAP_KEPT_MAX;
	*used = head + SOCKETMAP_KEPT_MAX;
	*rest = n - SOCKETMAP_KEPT_MAX + 1;
	return true;
}

bool
socketmap_split(struct text payload, struct socketmap_request *request, const char **error)
{
	size_t i = 0;

	/*@ loop invariant i <= payload.len;
	    loop assigns i;
	    loop variant payload.len - i; */
	while (i < payload.len && payload.s[i] != ' ')
		i++;
	if (i == 0) {
		*error = "Invalid query: no map name; send: MAP KEY.";
		return false;
	}
	if (i == payload.len || i + 1 == payload.len) {
		*error = "Invalid query: no key; send: MAP KEY.";
		return false;
	}
	request->map.s = payload.s;
	request->map.len = i;
	request->key.s = payload.s + i + 1;
	request->key.len = payload.len - i - 1;
	return true;
}

/* put_decimal_length - write a number without leading zeros; returns how many digits it has */
/*@ requires \valid(buf + (0 .. 3)) && n <= 9999;
    assigns buf[0 .. 3];
    ensures 1 <= \result <= 4; */
static size_t
put_decimal_length(char *buf, size_t n)
{
	size_t digits = 1, rest, i;

	/*@ loop invariant (digits == 1 && rest <= 9999) || (digits == 2 && rest <= 999) ||
	        (digits == 3 && rest <= 99) || (digits == 4 && rest <= 9);
	    loop assigns rest, digits;
	    loop variant rest; */
	for (rest = n; rest >= 10; rest /= 10)
		digits++;
	/*@ loop invariant i <= digits <= 4;
	    loop assigns i, n, buf[0 .. 3];
	    loop variant i; */
	for (i = digits; i > 0; i--) {
		buf[i - 1] = (char)('0' + n % 10);
		n /= 10;
	}
	return digits;
}

size_t
socketmap_reply(
    char buf[SOCKETMAP_REPLY_SIZE], enum socketmap_status status, const char *text, size_t len)
{
	static const struct text words[] = {
		[SOCKETMAP_OK] = { "OK ", 3 },
		[SOCKETMAP_NOTFOUND] = { "NOTFOUND ", 9 },
		[SOCKETMAP_TEMP] = { "TEMP ", 5 },
		[SOCKETMAP_PERM] = { "PERM ", 5 },
	};
	const struct text *word = &words[status];
	size_t at;

	if (len > SOCKETMAP_TEXT_MAX)
		return 0;
	at = put_decimal_length(buf, word->len + len);
	buf[at++] = ':';
	memcpy(buf + at, word->s, word->len);
	at += word->len;
	if (len > 0)
		memcpy(buf + at, text, len);
	at += len;
	buf[at++] = ',';
	return at;
}
