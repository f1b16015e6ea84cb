/*
 * cvss_vector.h - the metrics of a CVSS vector, of any version. For the files cvss*.c
 * only. Pure.
 */
#ifndef LARDER_TRUST_CVSS_VECTOR_H
#define LARDER_TRUST_CVSS_VECTOR_H

#include <stddef.h>

struct cvss_metric {
	const char *name;
	const char *values; /* a letter each */
	double weight[4];   /* of each, where the version has such */
};

/* Which of its values each metric has, as an index; -1: it is not said. text is what
 * follows the version: "AV:N/AC:L/...", in any order. Metrics that are not among m are
 * passed over. -1: it is no vector, one of m is said twice or has a value that it cannot
 * have, or one of the first `needed` is not said. */
int cvss_vector_read(const struct cvss_metric *m, size_t n, size_t needed,
		     const char *text, int *value);

#endif
