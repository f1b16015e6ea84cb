/*
 * scan_sarif_list.c - findings as a list, and in the order of rules. No state.
 */
#include "app/scan_sarif_list.h"

#include <stdlib.h>
#include <string.h>

#include "app/scan.h"
#include "base/mem.h"

static int compare_units(const struct vuln_unit *a, const struct vuln_unit *b)
{
	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1)
				  : strcmp(a->name, b->name);
}

static int compare_versions(const struct vuln_finding *a, const struct vuln_finding *b)
{
	int order = strcmp(a->unit->version, b->unit->version);

	return order != 0 ? order : strcmp(a->fixed, b->fixed);
}

static bool is_same_package(const struct scan_sarif_entry *a,
			    const struct scan_sarif_entry *b)
{
	return a->target == b->target && strcmp(a->finding->id, b->finding->id) == 0 &&
	       compare_units(a->finding->unit, b->finding->unit) == 0;
}

static int compare(const struct scan_sarif_entry *a, const struct scan_sarif_entry *b)
{
	int order = strcmp(a->finding->id, b->finding->id);

	if (order == 0)
		order = compare_units(a->finding->unit, b->finding->unit);
	if (order == 0)
		order = compare_versions(a->finding, b->finding);
	/* They are of one list: where nothing differs, the place in it decides. */
	return order != 0 ? order : a < b ? -1 : a > b;
}

static int by_rule(const void *x, const void *y)
{
	return compare(*(const struct scan_sarif_entry *const *)x,
		       *(const struct scan_sarif_entry *const *)y);
}

static int by_image(const void *x, const void *y)
{
	const struct scan_sarif_entry *a = *(const struct scan_sarif_entry *const *)x;
	const struct scan_sarif_entry *b = *(const struct scan_sarif_entry *const *)y;

	return a->target != b->target ? (a->target < b->target ? -1 : 1) : compare(a, b);
}

static void collect(struct scan_sarif_list *r, struct scan *s)
{
	size_t i, k, all = 0;

	for (i = 0; i < s->n; i++)
		if (!s->target[i].failed)
			all += vuln_image(s->vuln, s->target[i].vuln)->n;
	r->entry = mem_alloc((all + 1) * sizeof(*r->entry));
	r->sorted = mem_alloc((all + 1) * sizeof(*r->sorted));
	for (i = 0; i < s->n; i++) {
		const struct vuln_image *im;

		if (s->target[i].failed)
			continue;
		im = vuln_image(s->vuln, s->target[i].vuln);
		for (k = 0; k < im->n; k++)
			r->entry[r->n++] = (struct scan_sarif_entry){
				.target = &s->target[i],
				.finding = &im->finding[k],
				.shown = scan_shows(s, &im->finding[k]),
			};
	}
}

/* Of all that were found: what --severity hides changes no fingerprint. */
static void count_same(struct scan_sarif_list *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		r->sorted[i] = &r->entry[i];
	qsort(r->sorted, r->n, sizeof(*r->sorted), by_image);
	for (i = 0; i < r->n; i++) {
		const struct scan_sarif_entry *last = i > 0 ? r->sorted[i - 1] : NULL;
		size_t at = (size_t)(r->sorted[i] - r->entry);

		r->entry[at].nth = last != NULL && is_same_package(last, r->sorted[i])
					   ? last->nth + 1
					   : 1;
	}
}

static void sort(struct scan_sarif_list *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (!r->entry[i].shown)
			continue;
		r->sorted[r->shown++] = &r->entry[i];
		r->has_exceptions |= r->entry[i].finding->ignored != NULL;
	}
	qsort(r->sorted, r->shown, sizeof(*r->sorted), by_rule);
	for (i = 0; i < r->shown; i++) {
		size_t at = (size_t)(r->sorted[i] - r->entry);

		r->rules += i == 0 || strcmp(r->sorted[i]->finding->id,
					     r->sorted[i - 1]->finding->id) != 0;
		r->entry[at].rule = r->rules - 1;
	}
}

void scan_sarif_list_make(struct scan *s, struct scan_sarif_list *out)
{
	*out = (struct scan_sarif_list){ 0 };
	collect(out, s);
	count_same(out);
	sort(out);
}

void scan_sarif_list_done(struct scan_sarif_list *r)
{
	free(r->sorted);
	free(r->entry);
}
