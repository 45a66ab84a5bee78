/* SPDX-License-Identifier: ISC */
#include <stdbool.h>

#include "common/ascii.h"
#include "common/closest.h"

void
closest_start(struct closest *closest, const char *word, size_t len)
{
	closest->word = word;
	closest->len = len;
	closest->found = NULL;
	closest->distance = len > 10 ? 4 : len > 5 ? 3 : 2;
}

static size_t
find_smallest(size_t a, size_t b, size_t c)
{
	size_t smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

static bool
is_same_letter(char a, char b)
{
	return ascii_tolower(a) == ascii_tolower(b);
}

/* is_swap - do the last two bytes of a differ from those of b by their order alone? */
static bool
is_swap(const char *a, const char *b)
{
	return is_same_letter(a[-1], b[-2]) && is_same_letter(a[-2], b[-1]);
}

/*
 * measure_distance - the distance of two words of at most CLOSEST_WORD_MAX bytes
 *
 * rows[i % 3][j] is the distance of the first i bytes of a from the first j bytes of b.
 */
static size_t
measure_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][CLOSEST_WORD_MAX + 1], *row = rows[0], *above, *second, i, j;

	for (j = 0; j <= b_len; j++)
		row[j] = j;
	for (i = 1; i <= a_len; i++) {
		row = rows[i % 3];
		above = rows[(i + 2) % 3];
		second = rows[(i + 1) % 3];
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			row[j] = find_smallest(row[j - 1] + 1, above[j] + 1,
			    above[j - 1] + !is_same_letter(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && is_swap(a + i, b + j) && second[j - 2] + 1 < row[j])
				row[j] = second[j - 2] + 1;
		}
	}
	return row[b_len];
}

void
closest_consider(struct closest *closest, const char *candidate, size_t len)
{
	size_t distance;

	if (closest->len > CLOSEST_WORD_MAX || len > CLOSEST_WORD_MAX)
		return;
	distance = measure_distance(closest->word, closest->len, candidate, len);
	if (distance >= closest->distance || distance >= len)
		return;
	closest->found = candidate;
	closest->found_len = len;
	closest->distance = distance;
}
