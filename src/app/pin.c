/*
 * pin.c - file by file: what is to be changed in it, the new text, and whether that can
 * be undone.
 */
#include "app/pin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/human.h"
#include "base/mem.h"
#include "discover/rewrite.h"

#define TEXT_MAX (2 * DISCOVER_MAX_FILE)

/* Names and texts in a tree may be anything. Ends the line. */
static void print_line(FILE *to, char *line)
{
	fprintf(to, "%s\n", human_clean(line));
	free(line);
}

static void warn(struct pin *p, const struct find *f, const char *why)
{
	p->skipped++;
	print_line(p->warn, mem_fmt("%s: %s:%u: %s: not pinned: %s", p->name, f->file,
				    f->line, f->text, why));
}

static void fail(struct pin *p, const char *file, const char *why)
{
	p->failed++;
	print_line(p->warn, mem_fmt("%s: %s: not changed: %s", p->name, file, why));
}

static bool same(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* What f is to become; false: it stays. */
static bool want(struct pin *p, struct view text, const struct find *f,
		 char digest[DIGEST_TEXT_MAX])
{
	struct view written = rewrite_written(text, f);
	struct imageref image;
	struct digest locked;
	const char *why;

	if (f->image[0] == '\0' || imageref_parse(view_of(f->image), &image, NULL) != 0)
		return false;
	if (image.has_digest && written.n == 0) {
		p->right++; /* by its author */
		return false;
	}
	image.has_digest = false;
	if (written.n > 0 && imageref_parse(written, &image, NULL) != 0)
		return false;
	if (!p->locked(p->arg, &image, &locked)) {
		warn(p, f, "the lock does not have it");
		return false;
	}
	why = rewrite_why_not(text, f);
	if (why != NULL) {
		warn(p, f, why);
		return false;
	}
	digest_text(&locked, digest);
	if (written.n > 0 && strlen(digest) == f->len - written.n - 1 &&
	    memcmp(text.p + f->off + written.n + 1, digest, strlen(digest)) == 0) {
		p->right++;
		return false;
	}
	return true;
}

/* The text of a file whose finds are f[0] to f[n - 1]. */
static int pinned(struct pin *p, struct view text, struct find *const *f, size_t n,
		  struct buf *out, size_t *places)
{
	char(*digest)[DIGEST_TEXT_MAX] = mem_alloc((n + 1) * sizeof(*digest));
	struct rewrite_place *place = mem_alloc((n + 1) * sizeof(*place));
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		/* One place may be several finds: a platform each, an alias. */
		if (i > 0 && f[i]->off == f[i - 1]->off && f[i]->len > 0)
			continue;
		if (!want(p, text, f[i], digest[*places]))
			continue;
		place[*places] =
			(struct rewrite_place){ f[i]->off, f[i]->len, digest[*places] };
		++*places;
	}
	rc = rewrite_pin(text, f[0]->kind, place, *places, out);
	free(place);
	free(digest);
	return rc;
}

static void write_file(struct pin *p, const char *file, struct view text, size_t places)
{
	/* Where a link leads, it stays a link. */
	CLEANUP(mem_freep)
	char *path = realpath(file, NULL);
	struct err e = { 0 };

	if (path == NULL || (!p->dry_run && fs_put(AT_FDCWD, path, path, text.p, text.n,
						   FS_REPLACE, &e) != 0)) {
		fail(p, file, path == NULL ? "it is gone" : e.msg);
		return;
	}
	p->files++;
	p->places += places;
	print_line(p->say,
		   mem_fmt("%s: %zu reference%s %s", file, places, places == 1 ? "" : "s",
			   p->undo ? "unpinned" : "pinned"));
}

/* Both unpinned: the new text can be undone exactly. */
static bool can_be_undone(struct view text, struct view changed)
{
	CLEANUP(buf_done)
	struct buf a = BUF_INIT(TEXT_MAX);
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(TEXT_MAX);
	size_t n, left;

	return rewrite_unpin(text, &a, &n, &left) == 0 &&
	       rewrite_unpin(changed, &b, &n, &left) == 0 &&
	       same(buf_view(&a), buf_view(&b));
}

static int by_place(const void *a, const void *b)
{
	const struct find *x = *(struct find *const *)a, *y = *(struct find *const *)b;

	return (x->off > y->off) - (x->off < y->off);
}

static void pin_file(struct pin *p, struct find **f, size_t n)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(DISCOVER_MAX_FILE);
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(TEXT_MAX);
	size_t places = 0, left = 0;
	struct err e = { 0 };
	int rc;

	if (fs_read(AT_FDCWD, f[0]->file, &text, &e) != 0) {
		fail(p, f[0]->file, e.msg);
		return;
	}
	qsort(f, n, sizeof(struct find *), by_place);
	if (p->undo)
		rc = rewrite_unpin(buf_view(&text), &out, &places, &left);
	else
		rc = pinned(p, buf_view(&text), f, n, &out, &places);
	if (left > 0) {
		p->skipped += left;
		print_line(p->warn,
			   mem_fmt("%s: %s: %zu comment%s of a pinned reference "
				   "that was changed since",
				   p->name, f[0]->file, left, left == 1 ? "" : "s"));
	}
	if (rc != 0)
		fail(p, f[0]->file, "too large");
	else if (places > 0 && !p->undo &&
		 !can_be_undone(buf_view(&text), buf_view(&out)))
		fail(p, f[0]->file, "what would be written could not be taken back");
	else if (places > 0)
		write_file(p, f[0]->file, buf_view(&out), places);
}

int pin_run(struct pin *p, struct discover *d, struct err *e)
{
	CLEANUP(finds_done)
	struct finds l = { 0 };
	size_t i, n;

	if (discover_paths(d, &l, e) != 0)
		return -1;
	for (i = 0; i < l.n; i += n) {
		for (n = 1; i + n < l.n; n++)
			if (strcmp(l.v[i]->file, l.v[i + n]->file) != 0)
				break;
		if (l.v[i]->kind != FIND_OTHER)
			pin_file(p, &l.v[i], n);
	}
	return 0;
}
