/* SPDX-License-Identifier: ISC */
/*
 * reverse_details - what srsctl reverse prints about an SRS address that is not reversed
 * (srsd/service/reverse_report.h): a line each for its sender, its day, its hash, and the answer to
 * RCPT.
 */
#ifndef SRSD_CTL_REVERSE_DETAILS_H
#define SRSD_CTL_REVERSE_DETAILS_H

#include <jansson.h>

/*
 * Prints the lines for a reply to reverse; nothing for an address without an SRS tag. The texts of
 * the reply must be printable (ctl_make_printable).
 */
void reverse_details_print(const json_t *reply);

#endif
