/*
 * compare_text.c - a comparison for people at a terminal. No state.
 */
#include "trust/compare_show.h"

#include <string.h>

#include "base/human.h"
#include "base/mem.h"

#define NAME_WIDEST 40
#define VERSION_WIDEST 80

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* --- the summary --- */

static int say_packages(const struct comparison *c, struct buf *out)
{
	/* What matters most comes first. */
	static const enum compare_kind order[] = { COMPARE_UPGRADED, COMPARE_DOWNGRADED,
						   COMPARE_CHANGED, COMPARE_ADDED,
						   COMPARE_REMOVED };
	size_t i, said = 0;
	int rc = 0;

	for (i = 0; i < ARRAY_LEN(order) && rc == 0; i++) {
		size_t n = c->by[order[i]];

		if (n == 0)
			continue;
		rc = said++ == 0 ? buf_addf(out, "%zu package%s %s", n, plural(n),
					    compare_word(order[i]))
				 : buf_addf(out, ", %zu %s", n, compare_word(order[i]));
	}
	return said > 0 || rc != 0 ? rc : buf_adds(out, "the same packages");
}

static int say_layers(const struct comparison *c, struct buf *out)
{
	char size[HUMAN_MAX];
	size_t n = c->after->nlayers, moved = c->fresh.n + c->repacked.n;

	human_bytes(c->fresh.bytes + c->repacked.bytes, size);
	if (moved == 0)
		return buf_addf(out, "; %s",
				c->gone.n > 0 ? "no new layers" : "the same layers");
	return buf_addf(out, "; %zu of %zu layer%s new (%s)", moved, n, plural(n), size);
}

int compare_text_summary(const struct comparison *c, struct buf *out)
{
	char before[HUMAN_MAX], after[HUMAN_MAX];

	if (compare_same(c))
		return buf_adds(out, "no difference");
	human_bytes(c->before->bytes, before);
	human_bytes(c->after->bytes, after);
	if (say_packages(c, out) != 0 ||
	    (c->system && buf_adds(out, "; another release of the system") != 0) ||
	    (c->nsettings > 0 && buf_addf(out, "; %zu setting%s changed", c->nsettings,
					  plural(c->nsettings)) != 0) ||
	    (strcmp(before, after) == 0
		     ? buf_addf(out, "; %s", after)
		     : buf_addf(out, "; %s -> %s", before, after)) != 0)
		return -1;
	return say_layers(c, out);
}

/* --- sections --- */

/* Text padded to a width; escapes count as they are shown, characters of several bytes
 * as their bytes. */
static int add_cell(struct buf *out, const char *text, size_t width, size_t widest)
{
	size_t begin = out->n;
	int rc = human_escape(out, text, widest);

	while (rc == 0 && out->n - begin < width)
		rc = buf_adds(out, " ");
	return rc == 0 ? buf_adds(out, "  ") : rc;
}

static void widen(size_t *width, const char *text, size_t widest)
{
	size_t n = strlen(text);

	if (n > widest)
		n = widest;
	if (n > *width)
		*width = n;
}

static int end_line(struct buf *out)
{
	while (out->n > 0 && out->p[out->n - 1] == ' ')
		buf_cut(out, out->n - 1);
	return buf_adds(out, "\n");
}

static int add_left_out(struct buf *out, size_t all, size_t most)
{
	return most == 0 || all <= most
		       ? 0
		       : buf_addf(out, "  and %zu more; larder diff shows all\n",
				  all - most);
}

static const struct package *either(const struct compare_package *row)
{
	return row->after != NULL ? row->after : row->before;
}

/* "amd64", or "i386 -> amd64" where that is the change; "" where it says nothing. */
static int add_versions(struct buf *out, const struct compare_package *row)
{
	const struct package *a = row->before, *b = row->after;
	int rc;

	if (a == NULL || b == NULL)
		return human_escape(out, either(row)->version, VERSION_WIDEST);
	rc = human_escape(out, a->version, VERSION_WIDEST);
	if (rc == 0)
		rc = buf_adds(out, " -> ");
	if (rc == 0)
		rc = human_escape(out, b->version, VERSION_WIDEST);
	if (rc == 0 && row->kind == COMPARE_CHANGED && strcmp(a->arch, b->arch) != 0) {
		rc = buf_adds(out, ", ");
		if (rc == 0)
			rc = human_escape(out, a->arch, NAME_WIDEST);
		if (rc == 0)
			rc = buf_adds(out, " -> ");
		if (rc == 0)
			rc = human_escape(out, b->arch, NAME_WIDEST);
	}
	return rc;
}

static int add_packages(const struct comparison *c, size_t most, struct buf *out)
{
	size_t i, width = 0, n = most > 0 && most < c->npackages ? most : c->npackages;

	if (n == 0)
		return 0;
	for (i = 0; i < n; i++)
		widen(&width, either(&c->package[i])->name, NAME_WIDEST);
	if (buf_adds(out, "\nPackages\n") != 0)
		return -1;
	for (i = 0; i < n; i++) {
		const struct compare_package *row = &c->package[i];

		if (buf_addf(out, "  %-10s  %-6s  ", compare_word(row->kind),
			     package_word(either(row)->kind)) != 0 ||
		    add_cell(out, either(row)->name, width, NAME_WIDEST) != 0 ||
		    add_versions(out, row) != 0 || end_line(out) != 0)
			return -1;
	}
	return add_left_out(out, c->npackages, most);
}

static int add_values(struct buf *out, const struct compare_setting *s)
{
	int rc = 0;

	if (s->before != NULL)
		rc = human_escape(out, s->before, COMPARE_VALUE_MAX);
	if (rc == 0 && s->kind == COMPARE_CHANGED)
		rc = buf_adds(out, " -> ");
	if (rc == 0 && s->after != NULL)
		rc = human_escape(out, s->after, COMPARE_VALUE_MAX);
	return rc;
}

static int add_settings(const struct comparison *c, size_t most, struct buf *out)
{
	size_t i, width = 0, n = most > 0 && most < c->nsettings ? most : c->nsettings;

	if (n == 0)
		return 0;
	for (i = 0; i < n; i++)
		widen(&width, c->setting[i].name, NAME_WIDEST);
	if (buf_adds(out, "\nConfiguration\n") != 0)
		return -1;
	for (i = 0; i < n; i++) {
		const struct compare_setting *s = &c->setting[i];

		if (buf_addf(out, "  %-10s  %-11s  ", compare_word(s->kind), s->what) !=
			    0 ||
		    add_cell(out, s->name, width, NAME_WIDEST) != 0 ||
		    add_values(out, s) != 0 || end_line(out) != 0)
			return -1;
	}
	return add_left_out(out, c->nsettings, most);
}

static int add_release(struct buf *out, const struct contents_os *os)
{
	const char *name = os->name[0] != '\0' ? os->name : os->id;
	int rc = human_escape(out, name[0] != '\0' ? name : "not known", 128);

	if (rc == 0 && os->debian_version[0] != '\0') {
		rc = buf_adds(out, ", ");
		if (rc == 0)
			rc = human_escape(out, os->debian_version, 64);
	} else if (rc == 0 && os->version_id[0] != '\0' &&
		   strstr(name, os->version_id) == NULL) {
		rc = buf_adds(out, ", ");
		if (rc == 0)
			rc = human_escape(out, os->version_id, 64);
	}
	return rc;
}

static int add_system(const struct comparison *c, struct buf *out)
{
	if (!c->system)
		return 0;
	if (buf_adds(out, "\nSystem\n  ") != 0 || add_release(out, &c->before->os) != 0 ||
	    buf_adds(out, " -> ") != 0 || add_release(out, &c->after->os) != 0)
		return -1;
	return buf_adds(out, "\n");
}

static int add_layers(const struct comparison *c, struct buf *out)
{
	static const char *const words[] = { "shared", "packed anew", "new", "gone" };
	const struct compare_layers *const of[] = { &c->shared, &c->repacked, &c->fresh,
						    &c->gone };
	char size[HUMAN_MAX];
	size_t i, n = 0;

	if (c->fresh.n + c->repacked.n + c->gone.n == 0)
		return 0;
	if (buf_adds(out, "\nLayers\n  ") != 0)
		return -1;
	for (i = 0; i < ARRAY_LEN(of); i++) {
		if (of[i]->n == 0)
			continue;
		human_bytes(of[i]->bytes, size);
		if (buf_addf(out, "%s%zu %s (%s)", n++ > 0 ? ", " : "", of[i]->n,
			     words[i], size) != 0)
			return -1;
	}
	return buf_adds(out, "\n");
}

static int add_gaps(const struct contents *c, const char *which, struct buf *out)
{
	size_t i;

	for (i = 0; i < c->ngaps; i++) {
		const struct contents_gap *g = &c->gap[i];

		if (buf_addf(out, "  %-6s  ", which) != 0 ||
		    (g->layer != CONTENTS_NO_LAYER &&
		     buf_addf(out, "layer %zu: ", g->layer + 1) != 0) ||
		    (g->path[0] != '\0' && (human_escape(out, g->path, 200) != 0 ||
					    buf_adds(out, ": ") != 0)) ||
		    human_escape(out, g->why, 400) != 0 || buf_adds(out, "\n") != 0)
			return -1;
	}
	return 0;
}

int compare_text(const struct comparison *c, size_t most, struct buf *out)
{
	if (add_system(c, out) != 0 || add_packages(c, most, out) != 0 ||
	    add_settings(c, most, out) != 0 || add_layers(c, out) != 0)
		return -1;
	if (c->before->ngaps + c->after->ngaps == 0)
		return 0;
	if (buf_adds(out, "\nCould not be read, so there may be more\n") != 0)
		return -1;
	return add_gaps(c->before, "before", out) != 0 ? -1
						       : add_gaps(c->after, "after", out);
}
