/* SPDX-License-Identifier: ISC */
/* time.h - the type alone, for `make prove`: Frama-C's own declares its string functions as well */
#ifndef TESTS_PROVE_TIME_H
#define TESTS_PROVE_TIME_H

typedef long time_t;

#endif
