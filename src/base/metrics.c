/*
 * metrics.c - the registry of metric families.
 *
 * One lock guards both lists; it is taken to find a cell and to render, never to add.
 * Families and cells are only ever added, and rendered in the order they came.
 */
#include "base/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define MAX_CELLS 512

struct cell {
	struct cell *next;
	metric_cell value;
	char *label[METRIC_MAX_LABELS];
};

struct metric {
	struct metric *next;
	enum metric_type type;
	const char *name, *help;
	char *labels[METRIC_MAX_LABELS];
	size_t nlabels, ncells;
	struct cell *cells, *last;
};

static pthread_mutex_t mu =
	PTHREAD_MUTEX_INITIALIZER; /* guards all below and their cells */
static struct metric *families, *last_family;

static void split_labels(struct metric *m, const char *labels)
{
	while (*labels && m->nlabels < METRIC_MAX_LABELS) {
		size_t n = strcspn(labels, ",");

		m->labels[m->nlabels++] = mem_dupn(labels, n);
		labels += n + (labels[n] == ',');
	}
}

struct metric *metrics_family(enum metric_type type, const char *name, const char *labels,
			      const char *help)
{
	struct metric *m;

	pthread_mutex_lock(&mu);
	for (m = families; m != NULL; m = m->next)
		if (strcmp(m->name, name) == 0)
			break;
	if (m == NULL) {
		m = mem_alloc(sizeof(*m));
		m->type = type;
		m->name = name;
		m->help = help;
		split_labels(m, labels);
		if (last_family != NULL)
			last_family->next = m;
		else
			families = m;
		last_family = m;
	}
	pthread_mutex_unlock(&mu);
	return m;
}

static struct cell *find_cell(struct metric *m, const char *const v[])
{
	struct cell *c;
	size_t i;

	for (c = m->cells; c != NULL; c = c->next) {
		for (i = 0; i < m->nlabels; i++)
			if (strcmp(c->label[i], v[i]) != 0)
				break;
		if (i == m->nlabels)
			return c;
	}
	return NULL;
}

static struct cell *add_cell(struct metric *m, const char *const v[])
{
	struct cell *c = mem_alloc(sizeof(*c));
	size_t i;

	for (i = 0; i < m->nlabels; i++)
		c->label[i] = mem_dup(v[i]);
	if (m->last != NULL)
		m->last->next = c;
	else
		m->cells = c;
	m->last = c;
	m->ncells++;
	return c;
}

metric_cell *metrics_cell(struct metric *m, const char *v1, const char *v2,
			  const char *v3, const char *v4)
{
	static const char *const other[] = { "other", "other", "other", "other" };
	const char *v[] = { v1 ? v1 : "", v2 ? v2 : "", v3 ? v3 : "", v4 ? v4 : "" };
	struct cell *c;

	pthread_mutex_lock(&mu);
	c = find_cell(m, v);
	if (c == NULL && m->ncells >= MAX_CELLS)
		c = find_cell(m, other);
	if (c == NULL)
		c = add_cell(m, m->ncells >= MAX_CELLS ? other : v);
	pthread_mutex_unlock(&mu);
	return &c->value;
}

void metrics_clear(struct metric *m)
{
	struct cell *c;

	pthread_mutex_lock(&mu);
	for (c = m->cells; c != NULL; c = c->next)
		metrics_set(&c->value, METRIC_NONE);
	pthread_mutex_unlock(&mu);
}

static bool has_label(const struct metric *m, const struct cell *c, const char *label,
		      const char *value)
{
	size_t i;

	for (i = 0; label != NULL && i < m->nlabels; i++)
		if (strcmp(m->labels[i], label) == 0)
			return strcmp(c->label[i], value) == 0;
	return label == NULL;
}

bool metrics_sum(const char *name, const char *label1, const char *value1,
		 const char *label2, const char *value2, int64_t *out)
{
	struct metric *m;
	struct cell *c;
	int64_t sum = 0, value;
	bool found = false;

	pthread_mutex_lock(&mu);
	for (m = families; m != NULL && strcmp(m->name, name) != 0;)
		m = m->next;
	for (c = m != NULL ? m->cells : NULL; c != NULL; c = c->next) {
		if (!has_label(m, c, label1, value1) || !has_label(m, c, label2, value2))
			continue;
		value = atomic_load_explicit(&c->value, memory_order_relaxed);
		if (value == METRIC_NONE)
			continue;
		sum += value;
		found = true;
	}
	pthread_mutex_unlock(&mu);
	if (found)
		*out = sum;
	return found;
}

/* Label values: backslash, quote and newline are escaped (exposition format 0.0.4). */
static int render_value(struct buf *out, const char *s)
{
	for (; *s; s++) {
		int rc;

		if (*s == '\\' || *s == '"')
			rc = buf_addf(out, "\\%c", *s);
		else if (*s == '\n')
			rc = buf_adds(out, "\\n");
		else
			rc = buf_add(out, s, 1);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int render_cell(struct buf *out, const struct metric *m, const struct cell *c)
{
	int64_t value = atomic_load_explicit(&c->value, memory_order_relaxed);
	size_t i;

	if (value == METRIC_NONE)
		return 0;
	if (buf_adds(out, m->name) != 0)
		return -1;
	for (i = 0; i < m->nlabels; i++)
		if (buf_addf(out, "%s%s=\"", i ? "," : "{", m->labels[i]) != 0 ||
		    render_value(out, c->label[i]) != 0 || buf_adds(out, "\"") != 0)
			return -1;
	return buf_addf(out, "%s %lld\n", m->nlabels ? "}" : "", (long long)value);
}

/* Gauges that are all not known are not worth a heading. */
static bool is_silent(const struct metric *m)
{
	struct cell *c = m->cells;

	while (c != NULL &&
	       atomic_load_explicit(&c->value, memory_order_relaxed) == METRIC_NONE)
		c = c->next;
	return m->cells != NULL && c == NULL;
}

int metrics_render(struct buf *out)
{
	struct metric *m;
	struct cell *c;
	int rc = 0;

	pthread_mutex_lock(&mu);
	for (m = families; m != NULL && rc == 0; m = m->next) {
		if (is_silent(m))
			continue;
		rc = buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help,
			      m->name, m->type == METRIC_COUNTER ? "counter" : "gauge");
		for (c = m->cells; c != NULL && rc == 0; c = c->next)
			rc = render_cell(out, m, c);
	}
	pthread_mutex_unlock(&mu);
	return rc;
}
