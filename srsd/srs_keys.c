/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/xmalloc.h"
#include "srsd/srs_keys.h"

/* 96 bits in base64, and a password that was generated. */
#define SECRET_WEAK 16

struct srs_keys {
	size_t n;
	bool weak;
	struct srs_mac *mac[SRS_KEYS_MAX];
	uint64_t verified[SRS_KEYS_MAX];
	char fingerprint[SRS_KEYS_MAX][SRS_MAC_FINGERPRINT_LEN + 1];
};

static const char *
add(struct srs_keys *keys, const char *secret, size_t len)
{
	if (len > SRS_KEYS_SECRET_MAX)
		return "secret of more than 1023 bytes";
	if (memchr(secret, '\0', len) != NULL)
		return "NUL in a secret";
	if (keys->n == SRS_KEYS_MAX)
		return "more than 100 secrets";
	keys->mac[keys->n] = srs_mac_new(secret, len);
	if (keys->mac[keys->n] == NULL)
		return "libcrypto refuses HMAC-SHA1 or HMAC-SHA256";
	if (!srs_mac_fingerprint(secret, len, keys->fingerprint[keys->n++]))
		return "libcrypto refuses HMAC-SHA256";
	keys->weak |= len < SECRET_WEAK;
	return NULL;
}

static size_t
without_cr(const char *s, const char *end)
{
	while (end > s && end[-1] == '\r')
		end--;
	return (size_t)(end - s);
}

const char *
srs_keys_next(const char **s, const char *end, size_t *len, unsigned *line)
{
	const char *secret, *nl;

	while (*s < end) {
		secret = *s;
		nl = memchr(secret, '\n', (size_t)(end - secret));
		*s = nl == NULL ? end : nl + 1;
		*len = without_cr(secret, nl == NULL ? end : nl);
		(*line)++;
		if (*len > 0)
			return secret;
	}
	return NULL;
}

/* What to do where there is none. */
#define NEW_SECRET "; srsctl secret new makes one"

struct srs_keys *
srs_keys_parse(const char *text, size_t len, unsigned *line, const char **error)
{
	struct srs_keys *keys = xcalloc(1, sizeof(*keys));
	const char *s = text, *end = text + len, *secret;
	size_t n;

	*error = NULL;
	*line = 0;
	while (*error == NULL && (secret = srs_keys_next(&s, end, &n, line)) != NULL)
		*error = add(keys, secret, n);
	if (*error == NULL && keys->n == 0) {
		*error = "holds no secret" NEW_SECRET;
		*line = 0;
	}
	if (*error != NULL)
		srs_keys_free(&keys);
	return keys;
}

const char *
srs_keys_mode_error(const struct stat *st, gid_t daemon_group)
{
	if (st->st_mode & (S_IRWXO | S_IWGRP))
		return "others may read or change it; chmod 0640 or 0600";
	if ((st->st_mode & S_IRGRP) && st->st_gid != 0 && st->st_gid != daemon_group)
		return "a group other than the daemon's may read it; chgrp it or chmod 0600";
	return NULL;
}

struct srs_keys *
srs_keys_load(struct filebox *box, const char *path, gid_t daemon_group, char *error, size_t size)
{
	struct srs_keys *keys = NULL;
	struct file file;
	const char *why;
	unsigned line = 0;

	if (!filebox_read(box, &file, path, SRS_KEYS_FILE_MAX, &why)) {
		snprintf(error, size, "secrets-file %s: %s%s", path, why,
		    strcmp(why, strerror(ENOENT)) == 0 ? NEW_SECRET : "");
		return NULL;
	}
	why = srs_keys_mode_error(&file.st, daemon_group);
	if (why == NULL)
		keys = srs_keys_parse(file.data, file.len, &line, &why);
	if (line > 0 && keys == NULL)
		snprintf(error, size, "secrets-file %s:%u: %s", path, line, why);
	else if (keys == NULL)
		snprintf(error, size, "secrets-file %s: %s", path, why);
	file_free(&file);
	return keys;
}

void
srs_keys_free(struct srs_keys **keys)
{
	size_t i;

	if (*keys == NULL)
		return;
	for (i = 0; i < (*keys)->n; i++)
		srs_mac_free(&(*keys)->mac[i]);
	free(*keys);
	*keys = NULL;
}

size_t
srs_keys_count(const struct srs_keys *keys)
{
	return keys->n;
}

uint64_t
srs_keys_verified(const struct srs_keys *keys, size_t number)
{
	return keys->verified[number];
}

void
srs_keys_inherit(struct srs_keys *keys, const struct srs_keys *old)
{
	size_t i, j;

	for (i = 0; i < keys->n; i++)
		for (j = 0; j < old->n; j++)
			if (strcmp(keys->fingerprint[i], old->fingerprint[j]) == 0)
				keys->verified[i] = old->verified[j];
}

bool
srs_keys_are_weak(const struct srs_keys *keys)
{
	return keys->weak;
}

const char *
srs_keys_fingerprint(const struct srs_keys *keys, size_t number)
{
	return keys->fingerprint[number];
}

bool
srs_keys_sign(struct srs_keys *keys, enum srs_mac_form form, const struct srs_mac_part *parts,
    size_t n, char digest[SRS_MAC_LEN + 1])
{
	return srs_mac_digest(keys->mac[0], form, parts, n, digest);
}

int
srs_keys_verify(struct srs_keys *keys, enum srs_mac_form form, const struct srs_mac_part *parts,
    size_t n, const char *hash, size_t len)
{
	char digest[SRS_MAC_LEN + 1];
	size_t i;

	for (i = 0; i < keys->n; i++) {
		if (!srs_mac_digest(keys->mac[i], form, parts, n, digest))
			return SRS_KEYS_FAILED;
		if (srs_mac_matches(digest, hash, len)) {
			keys->verified[i]++;
			return (int)i;
		}
	}
	return SRS_KEYS_NONE;
}
