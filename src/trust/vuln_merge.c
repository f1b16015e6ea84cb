/*
 * vuln_merge.c - from what many sources say of one package to findings: one for each
 * vulnerability, whatever its names.
 *
 * Two that share a name are the same. What a distribution says of its own packages
 * decides whether it is there; where it says nothing, OSV does. How bad it is comes from
 * whoever says it best.
 */
#include "trust/vuln_merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/vuln_impl.h"

#define KEY_BYTES (2 * PACKAGE_TEXT_MAX)

/* The verdicts of one unit, and which belong together. */
struct slice {
	struct vuln *v;
	struct vuln_verdict *at;
	size_t n;
	size_t *root; /* the first of those that belong together */
};

static int compare_units(const void *a, const void *b)
{
	const struct vuln_verdict *x = a, *y = b;

	return x->unit < y->unit ? -1 : x->unit > y->unit;
}

static size_t root_of(struct slice *s, size_t i)
{
	while (s->root[i] != i)
		i = s->root[i] = s->root[s->root[i]];
	return i;
}

static int join(struct slice *s, struct err *e)
{
	struct map *first = map_new(VULN_MAX_VERDICTS);
	size_t i, k;
	int rc = 0;

	for (i = 0; i < s->n; i++)
		s->root[i] = i;
	for (i = 0; i < s->n && rc == 0; i++)
		for (k = 0; k < s->at[i].nsame && rc == 0; k++) {
			size_t other = (size_t)map_get(first, s->at[i].id[k]);

			if (other > 0)
				s->root[root_of(s, i)] = root_of(s, other - 1);
			else
				rc = map_put(first, s->at[i].id[k], (void *)(i + 1));
		}
	map_free(first, NULL);
	return rc == 0 ? 0
		       : err_set(e, ERR_LIMIT,
				 "more than %d vulnerabilities of one package",
				 VULN_MAX_VERDICTS);
}

/* Which of two names is the one that people know. */
static int name_rank(const char *id)
{
	return strncmp(id, "CVE-", 4) == 0 ? 0 : strncmp(id, "GHSA-", 5) == 0 ? 1 : 2;
}

static bool is_better(const char *a, const char *b)
{
	int x = name_rank(a), y = name_rank(b);

	return x != y ? x < y : strcmp(a, b) < 0;
}

struct names {
	const char **at;
	size_t n;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names of a group: the best of those of the thing itself, and the others, sorted. */
static void set_names(struct vuln *v, struct vuln_finding *f, struct names *all)
{
	size_t i, n = 0;

	qsort(all->at, all->n, sizeof(*all->at), compare_names);
	f->alias = vuln_keep_room(v, (all->n < 4096 ? all->n : 4096) * sizeof(char *));
	for (i = 0; i < all->n && n < 4096; i++)
		if (strcmp(all->at[i], f->id) != 0 &&
		    (n == 0 || strcmp(all->at[i], f->alias[n - 1]) != 0))
			f->alias[n++] = all->at[i];
	f->naliases = n;
}

static void rate(struct vuln_finding *f, struct vuln_rating *best,
		 const struct vuln_rating *r)
{
	if (r->grade < best->grade ||
	    (r->grade == best->grade && r->severity <= best->severity &&
	     r->score <= best->score))
		return;
	*best = *r;
	f->severity = r->severity;
	f->score = r->score;
}

/* The later of two versions with a fix: all that is said must be mended. */
static void set_fixed(struct vuln_finding *f, const char *fixed)
{
	enum version_scheme scheme = package_scheme(f->unit->kind);

	if (fixed[0] != '\0' &&
	    (f->fixed[0] == '\0' || version_compare(scheme, fixed, f->fixed) > 0))
		f->fixed = fixed;
}

static bool is_own(const struct vuln_verdict *d)
{
	return d->source != VULN_OSV && d->state != VERDICT_SILENT;
}

/* Verdict i of the slice speaks of the group that f is. */
static void take(struct vuln_finding *f, const struct vuln_verdict *d, bool own,
		 struct vuln_rating *best)
{
	rate(f, best, &d->rating);
	f->sources |= d->source;
	if (f->note[0] == '\0')
		f->note = d->note;
	if (own != is_own(d) ||
	    (d->state != VERDICT_AFFECTED && d->state != VERDICT_UNDETERMINED))
		return;
	set_fixed(f, d->fixed);
	f->undetermined &= d->state == VERDICT_UNDETERMINED;
}

static bool is_there(const struct slice *s, const size_t *member, size_t n, bool *own)
{
	bool there[2] = { false, false };
	size_t i;

	*own = false;
	for (i = 0; i < n; i++) {
		const struct vuln_verdict *d = &s->at[member[i]];

		*own |= is_own(d);
		there[is_own(d)] |= d->state == VERDICT_AFFECTED ||
				    d->state == VERDICT_UNDETERMINED;
	}
	return there[*own];
}

static void add_finding(struct slice *s, const size_t *member, size_t n)
{
	struct vuln *v = s->v;
	struct vuln_unit *u = &v->unit[s->at[0].unit];
	struct vuln_image *im = &v->image[u->image].out;
	struct vuln_finding f = { .unit = u,
				  .id = NULL,
				  .fixed = "",
				  .note = "",
				  .score = -1,
				  .undetermined = true };
	struct vuln_rating best = { .score = -1 };
	struct names all = { NULL, 0 };
	size_t i, k;
	bool own;

	if (!is_there(s, member, n, &own))
		return;
	for (i = 0; i < n; i++) {
		const struct vuln_verdict *d = &s->at[member[i]];

		take(&f, d, own, &best);
		all.at = mem_grow(all.at, (all.n + d->nids + 1) * sizeof(*all.at));
		for (k = 0; k < d->nids; k++) {
			all.at[all.n++] = d->id[k];
			if (k < d->nsame && (f.id == NULL || is_better(d->id[k], f.id)))
				f.id = d->id[k];
		}
	}
	set_names(v, &f, &all);
	free(all.at);
	if ((im->n & (im->n + 1)) == 0)
		im->finding = mem_grow(im->finding, (2 * im->n + 1) * sizeof(f));
	im->finding[im->n++] = f;
}

struct member {
	size_t root, i;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static int merge_unit(struct slice *s, struct err *e)
{
	CLEANUP(mem_freep)
	struct member *m = mem_alloc(s->n * sizeof(*m));
	CLEANUP(mem_freep)
	size_t *index = mem_alloc(s->n * sizeof(*index));
	size_t i, from = 0;

	s->root = mem_alloc(s->n * sizeof(*s->root));
	if (join(s, e) != 0) {
		free(s->root);
		return -1;
	}
	for (i = 0; i < s->n; i++)
		m[i] = (struct member){ root_of(s, i), i };
	free(s->root);
	qsort(m, s->n, sizeof(*m), compare_members);
	for (i = 0; i < s->n; i++)
		index[i] = m[i].i;
	for (i = 1; i <= s->n; i++)
		if (i == s->n || m[i].root != m[from].root) {
			add_finding(s, index + from, i - from);
			from = i;
		}
	return 0;
}

static int compare_findings(const void *a, const void *b)
{
	const struct vuln_finding *x = a, *y = b;
	int order;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	order = strcmp(x->unit->name, y->unit->name);
	if (order == 0)
		order = strcmp(x->id, y->id);
	return order != 0 ? order : strcmp(x->unit->version, y->unit->version);
}

static void found_key(char out[KEY_BYTES], size_t image, const struct vuln_unit *u,
		      const char *id)
{
	snprintf(out, KEY_BYTES, "%zu %s %s %s", image, package_word(u->kind), u->name,
		 id);
}

static void note_found(struct vuln *v, size_t image, const struct vuln_finding *f)
{
	char key[KEY_BYTES];
	size_t i;

	for (i = 0; i <= f->naliases; i++) {
		found_key(key, image, f->unit, i == 0 ? f->id : f->alias[i - 1]);
		map_put(v->found, key, v);
	}
}

bool vuln_has(struct vuln *v, size_t image, const struct vuln_finding *f)
{
	char key[KEY_BYTES];

	found_key(key, image, f->unit, f->id);
	return map_get(v->found, key) != NULL;
}

int vuln_finish(struct vuln *v, struct err *e)
{
	size_t i, k, from = 0;

	if (v->nverdicts > 0)
		qsort(v->verdict, v->nverdicts, sizeof(*v->verdict), compare_units);
	for (i = 1; i <= v->nverdicts; i++)
		if (i == v->nverdicts || v->verdict[i].unit != v->verdict[from].unit) {
			struct slice s = { v, v->verdict + from, i - from, NULL };

			if (merge_unit(&s, e) != 0)
				return -1;
			from = i;
		}
	for (i = 0; i < v->nimages; i++) {
		struct vuln_image *im = &v->image[i].out;

		if (im->n > 0)
			qsort(im->finding, im->n, sizeof(*im->finding), compare_findings);
		for (k = 0; k < im->n; k++)
			note_found(v, i, &im->finding[k]);
	}
	return 0;
}
