/*
 * lockfile.c - a sorted list of entries, and how it is written. Reading: lockfile_read.c.
 */
#include "oci/lockfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/httpdate.h"
#include "oci/lockfile_read.h"

static int compare_names(const struct imageref *a, const char *host, const char *name,
			 const char *tag)
{
	int rc = strcmp(a->host, host);

	if (rc == 0)
		rc = strcmp(a->name.s, name);
	return rc != 0 ? rc : strcmp(a->tag, tag);
}

static int compare(const void *a, const void *b)
{
	const struct lockfile_entry *x = *(struct lockfile_entry *const *)a;
	const struct lockfile_entry *y = *(struct lockfile_entry *const *)b;
	int rc = compare_names(&x->image, y->image.host, y->image.name.s, y->image.tag);

	/* Those that are there twice, in the order of the file. */
	return rc != 0 ? rc : (x->line > y->line) - (x->line < y->line);
}

static void entry_free(struct lockfile_entry *entry)
{
	free(entry->media_type);
	free(entry->platform);
	free(entry->wish);
	free(entry->from);
	free(entry->comment);
	free(entry);
}

void lockfile_done(struct lockfile *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		entry_free(l->entry[i]);
	free(l->entry);
	free(l->head);
	free(l->tail);
	*l = LOCKFILE_INIT;
}

static int check_twice(const struct lockfile *l, struct err *e)
{
	char text[IMAGEREF_TEXT_MAX];
	size_t i;

	for (i = 1; i < l->n; i++) {
		struct imageref image = l->entry[i]->image;

		if (compare_names(&l->entry[i - 1]->image, image.host, image.name.s,
				  image.tag) != 0)
			continue;
		image.has_digest = false;
		imageref_text(&image, text);
		return err_set(e, ERR_INVALID,
			       "line %u: %s is locked in line %u already; remove one of "
			       "the two",
			       l->entry[i]->line, text, l->entry[i - 1]->line);
	}
	return 0;
}

int lockfile_parse(struct view text, struct lockfile *out, struct err *e)
{
	struct lockfile l = LOCKFILE_INIT;
	size_t i;

	if (text.n > LOCKFILE_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "larger than %u MiB",
			       LOCKFILE_MAX_BYTES >> 20);
	if (lockfile_read_text(text, &l, e) != 0) {
		lockfile_done(&l);
		return -1;
	}
	if (l.n > 1)
		qsort(l.entry, l.n, sizeof(*l.entry), compare);
	if (check_twice(&l, e) != 0) {
		lockfile_done(&l);
		return -1;
	}
	for (i = 0; i < l.n; i++) {
		if (l.entry[i]->media_type == NULL)
			l.entry[i]->media_type = mem_dup("");
		if (l.entry[i]->from == NULL)
			l.entry[i]->from = mem_dup("");
	}
	*out = l;
	return 0;
}

static int write_time(struct buf *out, const char *key, int64_t seconds)
{
	char text[24];

	httpdate_format_iso(seconds, text);
	return seconds > 0 && text[0] != '\0' ? buf_addf(out, "  %-10s %s\n", key, text)
					      : 0;
}

static int write_platforms(struct buf *out, const char *key, const struct platform *p,
			   size_t n)
{
	char text[100];
	int rc = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		platform_text(&p[i], text);
		rc |= i == 0 ? buf_addf(out, "  %-10s %s", key, text)
			     : buf_addf(out, ", %s", text);
	}
	return i > 0 ? rc | buf_adds(out, "\n") : rc;
}

static int write_entry(struct buf *out, const struct lockfile_entry *entry)
{
	struct imageref image = entry->image;
	char text[IMAGEREF_TEXT_MAX], digest[DIGEST_TEXT_MAX];
	int rc;

	image.has_digest = false;
	imageref_text(&image, text);
	digest_text(&entry->image.digest, digest);
	rc = buf_adds(out, "\n");
	if (entry->comment != NULL)
		rc |= buf_adds(out, entry->comment);
	rc |= buf_addf(out, "%s\n  %-10s %s\n", text, "digest", digest);
	if (entry->media_type[0] != '\0')
		rc |= buf_addf(out, "  %-10s %s\n", "type", entry->media_type);
	rc |= write_platforms(out, "platforms", entry->platform, entry->nplatforms);
	rc |= write_platforms(out, "for", entry->wish, entry->nwishes);
	if (entry->from[0] != '\0')
		rc |= buf_addf(out, "  %-10s %s\n", "from", entry->from);
	rc |= write_time(out, "as-of", entry->as_of_s);
	return rc | write_time(out, "locked", entry->locked_s);
}

int lockfile_write(const struct lockfile *l, struct buf *out, struct err *e)
{
	int rc = buf_addf(out, "larder-lock %d\n", LOCKFILE_VERSION);
	size_t i;

	if (l->head != NULL)
		rc |= buf_adds(out, l->head);
	for (i = 0; i < l->n; i++)
		rc |= write_entry(out, l->entry[i]);
	if (l->tail != NULL)
		rc |= buf_addf(out, "\n%s", l->tail);
	if (rc != 0)
		return err_set(e, ERR_LIMIT, "the lock file would be larger than %zu MiB",
			       out->limit >> 20);
	return 0;
}

/* Where it is, or would be. */
static size_t position(const struct lockfile *l, const char *host, const char *name,
		       const char *tag)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_names(&l->entry[mid]->image, host, name, tag) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_at(const struct lockfile *l, size_t i, const char *host, const char *name,
		  const char *tag)
{
	return i < l->n && compare_names(&l->entry[i]->image, host, name, tag) == 0;
}

const struct lockfile_entry *lockfile_find(const struct lockfile *l, const char *host,
					   const char *name, const char *tag)
{
	size_t i = position(l, host, name, tag);

	return is_at(l, i, host, name, tag) ? l->entry[i] : NULL;
}

const struct lockfile_entry *lockfile_find_image(const struct lockfile *l,
						 const struct imageref *r)
{
	struct imageref c;

	if (r->tag[0] == '\0' || imageref_canonical(r, &c, NULL) != 0)
		return NULL;
	return lockfile_find(l, c.host, c.name.s, c.tag);
}

const struct lockfile_entry *const *lockfile_find_name(const struct lockfile *l,
						       const char *host, const char *name,
						       size_t *n)
{
	size_t i = position(l, host, name, ""), end = i;

	while (end < l->n && strcmp(l->entry[end]->image.host, host) == 0 &&
	       strcmp(l->entry[end]->image.name.s, name) == 0)
		end++;
	*n = end - i;
	return *n > 0 ? (const struct lockfile_entry *const *)&l->entry[i] : NULL;
}

static struct platform *copy_platforms(const struct platform *p, size_t n)
{
	struct platform *copy = n > 0 ? mem_alloc(n * sizeof(*copy)) : NULL;

	if (n > 0)
		memcpy(copy, p, n * sizeof(*copy));
	return copy;
}

static struct lockfile_entry *copy_of(const struct lockfile_entry *entry)
{
	struct lockfile_entry *copy = mem_alloc(sizeof(*copy));

	*copy = *entry;
	copy->media_type = mem_dup(entry->media_type != NULL ? entry->media_type : "");
	copy->from = mem_dup(entry->from != NULL ? entry->from : "");
	copy->comment = mem_dup(entry->comment);
	copy->platform = copy_platforms(entry->platform, entry->nplatforms);
	copy->wish = copy_platforms(entry->wish, entry->nwishes);
	return copy;
}

static bool is_canonical(const struct imageref *r)
{
	struct imageref c;

	return r->host[0] != '\0' && r->tag[0] != '\0' && r->has_digest &&
	       imageref_canonical(r, &c, NULL) == 0 && strcmp(c.name.s, r->name.s) == 0;
}

int lockfile_put(struct lockfile *l, const struct lockfile_entry *entry, struct err *e)
{
	const struct imageref *r = &entry->image;
	struct lockfile_entry *copy;
	size_t i;

	if (!is_canonical(r))
		return err_set(
			e, ERR_INVALID,
			"%s: an entry has its registry, its full name, a tag and a "
			"digest",
			r->name.s);
	i = position(l, r->host, r->name.s, r->tag);
	if (is_at(l, i, r->host, r->name.s, r->tag)) {
		copy = copy_of(entry);
		if (copy->comment == NULL)
			copy->comment = TAKE(l->entry[i]->comment);
		entry_free(l->entry[i]);
		l->entry[i] = copy;
		return 0;
	}
	if (l->n == LOCKFILE_MAX_ENTRIES)
		return err_set(e, ERR_LIMIT, "more than %d images in one lock file",
			       LOCKFILE_MAX_ENTRIES);
	l->entry = mem_grow(l->entry, (l->n + 1) * sizeof(*l->entry));
	memmove(&l->entry[i + 1], &l->entry[i], (l->n - i) * sizeof(*l->entry));
	l->entry[i] = copy_of(entry);
	l->n++;
	return 0;
}

bool lockfile_remove(struct lockfile *l, const char *host, const char *name,
		     const char *tag)
{
	size_t i = position(l, host, name, tag);

	if (!is_at(l, i, host, name, tag))
		return false;
	entry_free(l->entry[i]);
	memmove(&l->entry[i], &l->entry[i + 1], (l->n - i - 1) * sizeof(*l->entry));
	l->n--;
	return true;
}
