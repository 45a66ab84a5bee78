/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/xmalloc.h"
#include "srsd/srs/srs_keys.h"

/* Shorter secrets can be guessed: 16 characters of base64 have 96 bits. */
#define SECRET_WEAK 16

/* Even 16 random hexadecimal digits have more distinct ones. */
#define DISTINCT_WEAK 6

struct srs_keys {
	size_t n;
	unsigned doubt[SRS_KEYS_DOUBTS]; /* the first line with each doubt; 0: no line */
	struct srs_mac *mac[SRS_KEYS_MAX];
	uint64_t verified[SRS_KEYS_MAX];
	char fingerprint[SRS_KEYS_MAX][SRS_MAC_FINGERPRINT_LEN + 1];
};

/* A secret in a file, and how reading like postsrsd has changed its line. */
struct secret_piece {
	const char *bytes;
	size_t len;
	unsigned line;
	bool returned; /* a carriage return ended it before the end of the line */
	bool is_part;  /* the line is too long for one secret, and this is not its beginning */
};

static bool
is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/*
 * read_secret_piece - the next one, as postsrsd reads it; false: no more
 *
 * postsrsd uses fgets(3) with 1024 bytes and strtok(3) with "\r\n". A NUL, which ends a string
 * there, is part of the bytes here.
 */
static bool
read_secret_piece(const char **s, const char *end, struct secret_piece *p)
{
	const char *chunk, *nl, *stop;
	size_t room;

	while (*s < end) {
		chunk = *s;
		room = (size_t)(end - chunk);
		if (room > SRS_KEYS_SECRET_MAX)
			room = SRS_KEYS_SECRET_MAX;
		nl = memchr(chunk, '\n', room);
		*s = stop = nl == NULL ? chunk + room : nl + 1;
		p->is_part = p->line > 0 && chunk[-1] != '\n';
		p->line += !p->is_part;
		while (chunk < stop && is_line_end(*chunk))
			chunk++;
		p->bytes = chunk;
		while (chunk < stop && !is_line_end(*chunk))
			chunk++;
		p->len = (size_t)(chunk - p->bytes);
		while (chunk < stop && is_line_end(*chunk))
			chunk++;
		p->returned = chunk < stop;
		if (p->len > 0)
			return true;
	}
	return false;
}

const char *
srs_keys_next(const char **s, const char *end, size_t *len, unsigned *line)
{
	struct secret_piece piece = { .line = *line };
	bool found = read_secret_piece(s, end, &piece);

	*line = piece.line;
	*len = piece.len;
	return found ? piece.bytes : NULL;
}

static size_t
count_distinct_bytes(const struct secret_piece *p)
{
	bool seen[256] = { false };
	size_t i, n = 0;

	for (i = 0; i < p->len; i++) {
		n += !seen[(unsigned char)p->bytes[i]];
		seen[(unsigned char)p->bytes[i]] = true;
	}
	return n;
}

static void
note_doubt(struct srs_keys *keys, enum srs_keys_doubt kind, unsigned line)
{
	if (keys->doubt[kind] == 0)
		keys->doubt[kind] = line;
}

static bool
is_blank_byte(char c)
{
	return c == ' ' || c == '\t';
}

/* check_edges - for characters that an editor may add, and does not show */
static void
check_edges(struct srs_keys *keys, const struct secret_piece *p)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (is_blank_byte(p->bytes[0]) || is_blank_byte(p->bytes[p->len - 1]))
		note_doubt(keys, SRS_KEYS_EDGE, p->line);
	if (p->len >= strlen(mark) && memcmp(p->bytes, mark, strlen(mark)) == 0)
		note_doubt(keys, SRS_KEYS_MARKED, p->line);
}

/* check_piece - does the operator mean this to be a secret, and is it a good one? */
static void
check_piece(struct srs_keys *keys, const struct secret_piece *p)
{
	size_t blanks = 0;

	while (blanks < p->len && is_blank_byte(p->bytes[blanks]))
		blanks++;
	if (p->is_part)
		note_doubt(keys, SRS_KEYS_PART, p->line);
	if (p->returned)
		note_doubt(keys, SRS_KEYS_RETURNED, p->line);
	if (blanks == p->len)
		note_doubt(keys, SRS_KEYS_BLANK, p->line);
	else if (p->bytes[blanks] == '#')
		note_doubt(keys, SRS_KEYS_COMMENT, p->line);
	else if (p->len < SECRET_WEAK)
		note_doubt(keys, SRS_KEYS_SHORT, p->line);
	else if (count_distinct_bytes(p) < DISTINCT_WEAK)
		note_doubt(keys, SRS_KEYS_MONOTONOUS, p->line);
	else if (!p->is_part)
		check_edges(keys, p);
}

static const char *
add_secret(struct srs_keys *keys, const struct secret_piece *p)
{
	if (memchr(p->bytes, '\0', p->len) != NULL)
		return "NUL in a secret";
	if (keys->n == SRS_KEYS_MAX)
		return "more than 100 secrets";
	keys->mac[keys->n] = srs_mac_new(p->bytes, p->len);
	if (keys->mac[keys->n] == NULL)
		return "libcrypto refuses HMAC-SHA1 or HMAC-SHA256";
	if (!srs_mac_fingerprint(p->bytes, p->len, keys->fingerprint[keys->n++]))
		return "libcrypto refuses HMAC-SHA256";
	check_piece(keys, p);
	return NULL;
}

/* The remedy for a file without a secret. */
#define NEW_SECRET                                                                                \
	"; restore it from a backup, or, if it has never existed, create one with srsctl secret " \
	"new"

struct srs_keys *
srs_keys_parse(const char *text, size_t len, unsigned *line, const char **error)
{
	struct srs_keys *keys = xcalloc(1, sizeof(*keys));
	const char *s = text, *end = text + len;
	struct secret_piece piece = { .line = 0 };

	*error = NULL;
	while (*error == NULL && read_secret_piece(&s, end, &piece))
		*error = add_secret(keys, &piece);
	*line = piece.line;
	if (*error == NULL && keys->n == 0) {
		*error = "contains no secret" NEW_SECRET;
		*line = 0;
	}
	if (*error != NULL)
		srs_keys_free(&keys);
	return keys;
}

const char *
srs_keys_file_error(const struct stat *st, const struct identity *daemon)
{
	if (st->st_uid != 0 && st->st_uid != daemon->uid)
		return "it belongs to a user other than root and the daemon's, and that user may "
		       "change it; chown root";
	if (st->st_mode & (S_IRWXO | S_IWGRP))
		return "others may read or change it; chmod 0640 or 0600";
	if ((st->st_mode & S_IRGRP) && st->st_gid != 0 && st->st_gid != daemon->gid)
		return "a group other than the daemon's may read it; chgrp it or chmod 0600";
	return NULL;
}

/* suggest_secret_remedy - for a file that cannot be read */
static const char *
suggest_secret_remedy(const char *why)
{
	if (strcmp(why, strerror(ENOENT)) == 0)
		return NEW_SECRET;
	if (strcmp(why, strerror(EACCES)) == 0)
		return "; chgrp it to the group of the daemon's user, and chmod 0640";
	if (strcmp(why, FILE_TOO_LARGE) == 0)
		return "; it can have at most 100 secrets";
	return "";
}

struct srs_keys *
srs_keys_load(
    struct filebox *box, const char *path, const struct identity *daemon, char *error, size_t size)
{
	struct srs_keys *keys = NULL;
	struct file file;
	const char *why;
	unsigned line = 0;

	if (!filebox_read(box, &file, path, SRS_KEYS_FILE_MAX, &why)) {
		snprintf(
		    error, size, "secrets-file %s: %s%s", path, why, suggest_secret_remedy(why));
		return NULL;
	}
	why = srs_keys_file_error(&file.st, daemon);
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

void
srs_keys_count_verified(struct srs_keys *keys, size_t number)
{
	keys->verified[number]++;
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
srs_keys_doubt(
    const struct srs_keys *keys, enum srs_keys_doubt kind, char text[SRS_KEYS_DOUBT_SIZE])
{
	static const char *const texts[SRS_KEYS_DOUBTS] = {
		[SRS_KEYS_SHORT] = "a secret of less than 16 bytes can be guessed",
		[SRS_KEYS_MONOTONOUS] = "a secret of so few different characters can be guessed",
		[SRS_KEYS_COMMENT] =
		    "this line with a '#' is a secret, not a comment, and can be guessed",
		[SRS_KEYS_BLANK] = "this line of blanks is a secret, and can be guessed",
		[SRS_KEYS_PART] = "this line of more than 1023 bytes is read as several secrets",
		[SRS_KEYS_RETURNED] = "the secret ends at the carriage return within the line",
		[SRS_KEYS_EDGE] =
		    "the blanks at the start or the end of this line are part of the secret",
		[SRS_KEYS_MARKED] =
		    "the byte order mark at the start of this line is part of the secret",
	};

	if (keys->doubt[kind] == 0)
		return false;
	snprintf(text, SRS_KEYS_DOUBT_SIZE, "line %u: %s", keys->doubt[kind], texts[kind]);
	return true;
}

const char *
srs_keys_fingerprint(const struct srs_keys *keys, size_t number)
{
	return keys->fingerprint[number];
}

bool
srs_keys_sign(struct srs_keys *keys, enum srs_mac_form form, const struct text *parts, size_t n,
    char digest[SRS_MAC_LEN + 1])
{
	return srs_mac_digest(keys->mac[0], form, parts, n, digest);
}

int
srs_keys_verify(struct srs_keys *keys, enum srs_mac_form form, const struct text *parts, size_t n,
    const char *hash, size_t len)
{
	char digest[SRS_MAC_LEN + 1];
	size_t i;

	for (i = 0; i < keys->n; i++) {
		if (!srs_mac_digest(keys->mac[i], form, parts, n, digest))
			return SRS_KEYS_FAILED;
		if (srs_mac_matches(digest, hash, len))
			return (int)i;
	}
	return SRS_KEYS_NONE;
}

const struct srs_mac *
srs_keys_mac(const struct srs_keys *keys, size_t number)
{
	return keys->mac[number];
}
