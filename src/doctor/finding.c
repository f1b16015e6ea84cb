/*
 * finding.c - adding to a group under its lock.
 */
#include "doctor/finding.h"

#include <stdarg.h>
#include <stdio.h>

const char *finding_word(enum finding_state s)
{
	static const char *const words[] = { "ok", "warn", "FAIL", "skipped" };

	return words[s];
}

void finding_say(struct group *g, const char *name, enum finding_state state,
		 const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	pthread_mutex_lock(&g->mu);
	if (!g->late && g->n < FINDING_MOST) {
		f = &g->found[g->n++];
		*f = (struct finding){ .state = state };
		snprintf(f->name, sizeof(f->name), "%s", name);
		va_start(ap, fmt);
		vsnprintf(f->found, sizeof(f->found), fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&g->mu);
}

void finding_remedy(struct group *g, const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	pthread_mutex_lock(&g->mu);
	if (!g->late && g->n > 0) {
		f = &g->found[g->n - 1];
		va_start(ap, fmt);
		vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&g->mu);
}
