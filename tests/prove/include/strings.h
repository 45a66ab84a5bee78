/* SPDX-License-Identifier: ISC */
#include <string.h>
