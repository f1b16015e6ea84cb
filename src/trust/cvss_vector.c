/*
 * cvss_vector.c - from text to indexes. No state.
 */
#include "trust/cvss_vector.h"

#include <string.h>

#include "base/buf.h"

static int take(const struct cvss_metric *m, size_t n, struct view part, int *value)
{
	const char *colon = memchr(part.p, ':', part.n);
	size_t name_n = colon != NULL ? (size_t)(colon - part.p) : 0;
	size_t i;

	if (name_n == 0 || name_n + 1 >= part.n)
		return -1;
	for (i = 0; i < n; i++) {
		const char *at;

		if (!view_is((struct view){ part.p, name_n }, m[i].name))
			continue;
		at = part.n == name_n + 2 ? strchr(m[i].values, colon[1]) : NULL;
		if (at == NULL || *at == '\0' || value[i] >= 0)
			return -1;
		value[i] = (int)(at - m[i].values);
		return 0;
	}
	return 0;
}

int cvss_vector_read(const struct cvss_metric *m, size_t n, size_t needed,
		     const char *text, int *value)
{
	size_t i, length;

	for (i = 0; i < n; i++)
		value[i] = -1;
	for (; *text != '\0'; text += length + (text[length] == '/')) {
		length = strcspn(text, "/");
		if (take(m, n, (struct view){ text, length }, value) != 0)
			return -1;
	}
	for (i = 0; i < needed; i++)
		if (value[i] < 0)
			return -1;
	return 0;
}
