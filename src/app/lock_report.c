/*
 * lock_report.c - a line an image, and one for all. No state.
 */
#include "app/lock_report.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/human.h"
#include "base/mem.h"
#include "trust/compare_show.h"

#define LINE_MAX_BYTES 16384
#define WIDEST_NAME 60
#define DIGEST_SHOWN 20

static void short_digest(const struct digest *d, char out[DIGEST_SHOWN])
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	snprintf(out, DIGEST_SHOWN, "%.19s", text);
}

static bool is_locked(const struct lock_item *it)
{
	return it->entry.image.has_digest && it->result != LOCK_FAILED &&
	       it->result != LOCK_UNKNOWN;
}

/* The digest that counts now, if one does. */
static bool digest_now(const struct lock_item *it, struct digest *out)
{
	if (is_locked(it) && it->result != LOCK_KEPT)
		*out = it->entry.image.digest;
	else if (it->had && it->result != LOCK_REMOVED)
		*out = it->before;
	else
		return false;
	return true;
}

static void add_note(struct buf *b, const struct lock_item *it)
{
	char before[DIGEST_SHOWN], upstream[DIGEST_SHOWN];

	short_digest(&it->before, before);
	short_digest(&it->upstream, upstream);
	switch (it->result) {
	case LOCK_MOVED:
	case LOCK_REMOVED:
		buf_addf(b, "was %s", before);
		break;
	case LOCK_STALE:
		buf_addf(b, "from the store, not compared: %s", it->err.msg);
		break;
	case LOCK_BY_DIGEST:
		buf_adds(b, "has no tag: there is nothing to lock");
		break;
	case LOCK_DRIFT:
		buf_addf(b, "upstream has moved to %s", upstream);
		break;
	case LOCK_GONE:
		buf_adds(b, "upstream has no such tag any more");
		break;
	case LOCK_MISSING:
		buf_adds(b, "not all of it is in the store");
		break;
	case LOCK_UNLOCKED:
		buf_adds(b, "not in the lock file");
		break;
	case LOCK_UNKNOWN:
	case LOCK_FAILED:
		buf_adds(b, it->err.msg);
		break;
	default:
		break;
	}
	if (it->incomplete)
		buf_adds(b, "; not all of it is in the store");
}

static void print_row(const struct lock_item *it, int width)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	char digest[DIGEST_SHOWN] = "";
	struct digest d;

	if (digest_now(it, &d))
		short_digest(&d, digest);
	buf_addf(&line, "%-*s  %-8s  %-19s  ", width, it->arg->text,
		 lock_result_word(it->result), digest);
	add_note(&line, it);
	while (line.n > 0 && line.p[line.n - 1] == ' ')
		line.p[--line.n] = '\0';
	puts(buf_str(&line));
}

static void print_sum(const struct lock_report *r, const struct lock_items *items)
{
	CLEANUP(buf_done)
	struct buf sum = BUF_INIT(LINE_MAX_BYTES);
	size_t i, n, shown = 0;

	buf_addf(&sum, "%zu image%s", items->n, items->n == 1 ? "" : "s");
	for (i = 1; i < LOCK_RESULTS; i++) {
		n = lock_items_count(items, (enum lock_result)i);
		if (n > 0)
			buf_addf(&sum, "%s%zu %s", shown++ > 0 ? ", " : ": ", n,
				 lock_result_word((enum lock_result)i));
	}
	if (r->dry_run)
		buf_addf(&sum, "; %s was not written", r->path);
	else if (!r->check)
		buf_addf(&sum, "; %s %s %zu", r->path,
			 r->written ? "written, it locks" : "is as it was, it locks",
			 r->entries);
	puts(buf_str(&sum));
}

/* --- what changed inside --- */

struct inside_moved lock_report_moved(const struct lock_item *it)
{
	const struct lockfile_entry *entry = &it->entry;
	bool wished = entry->nwishes > 0;

	return (struct inside_moved){ .text = it->arg->text,
				      .image = &entry->image,
				      .platform = wished ? entry->wish : entry->platform,
				      .nplatforms = wished ? entry->nwishes
							   : entry->nplatforms,
				      .before = it->before,
				      .after = entry->image.digest };
}

static void print_inside(const struct lock_report *r, const struct lock_items *items)
{
	size_t i;

	if (r->inside == NULL)
		return;
	for (i = 0; i < items->n; i++) {
		struct inside_moved m = lock_report_moved(&items->item[i]);

		if (items->item[i].result == LOCK_MOVED)
			inside_print(r->inside, &m);
	}
	inside_print_end(r->inside);
}

void lock_report_page(const struct lock_report *r, const struct lock_items *items)
{
	struct changes_page page;
	char first[200];
	size_t i, bad = 0;

	changes_page_init(&page);
	for (i = 0; i < items->n; i++) {
		const struct lock_item *it = &items->item[i];
		struct inside_moved m = lock_report_moved(it);

		if (it->result == LOCK_MOVED)
			inside_page(r->inside, &m, &page);
		if (it->err.msg[0] == '\0')
			continue;
		bad++;
		changes_page_note(&page, it->arg->text, it->err.msg);
	}
	snprintf(first, sizeof(first),
		 "%zu image%s: %zu moved, %zu new, %zu as before, %zu in doubt.%s",
		 items->n, items->n == 1 ? "" : "s", lock_items_count(items, LOCK_MOVED),
		 lock_items_count(items, LOCK_NEW),
		 lock_items_count(items, LOCK_SAME) + lock_items_count(items, LOCK_KEPT),
		 bad, r->dry_run ? " Nothing has been written yet." : "");
	changes_page_print(&page, "Locked base images", first, stdout);
	changes_page_done(&page);
	fflush(stdout);
}

static void print_table(const struct lock_report *r, const struct lock_items *items)
{
	size_t i, width = 5;

	for (i = 0; i < items->n; i++)
		if (strlen(items->item[i].arg->text) > width)
			width = strlen(items->item[i].arg->text);
	if (width > WIDEST_NAME)
		width = WIDEST_NAME;
	if (items->n > 0)
		printf("%-*s  %-8s  %s\n", (int)width, "IMAGE", "RESULT", "DIGEST");
	for (i = 0; i < items->n; i++)
		print_row(&items->item[i], (int)width);
	print_sum(r, items);
	print_inside(r, items);
}

static void add_text(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, ",\"%s\":\"", key);
	buf_add_json(b, value, strlen(value));
	buf_adds(b, "\"");
}

static void add_digest(struct buf *b, const char *key, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(d, text);
	add_text(b, key, text);
}

static void print_json(const struct lock_report *r, const struct lock_item *it)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(COMPARE_SHOW_MAX + LINE_MAX_BYTES);
	struct inside_moved moved = lock_report_moved(it);
	char text[IMAGEREF_TEXT_MAX];
	struct imageref image = it->entry.image;
	struct digest d;

	buf_adds(&line, "{\"image\":\"");
	buf_add_json(&line, it->arg->text, strlen(it->arg->text));
	buf_adds(&line, "\"");
	if (it->named) {
		image.has_digest = false;
		imageref_text(&image, text);
		add_text(&line, "name", text);
	}
	add_text(&line, "result", lock_result_word(it->result));
	if (digest_now(it, &d))
		add_digest(&line, "digest", &d);
	if (it->result == LOCK_MOVED || it->result == LOCK_REMOVED)
		add_digest(&line, "before", &it->before);
	if (it->result == LOCK_DRIFT)
		add_digest(&line, "upstream", &it->upstream);
	if (it->result == LOCK_GONE)
		buf_adds(&line, ",\"upstream\":null");
	if (it->incomplete || it->result == LOCK_MISSING)
		buf_adds(&line, ",\"complete\":false");
	if (it->result == LOCK_STALE || it->result == LOCK_UNKNOWN ||
	    it->result == LOCK_FAILED)
		add_text(&line, "error", it->err.msg);
	if (r->inside != NULL && it->result == LOCK_MOVED)
		inside_json(r->inside, &moved, &line);
	buf_adds(&line, "}");
	puts(buf_str(&line));
}

static void print_json_sum(const struct lock_report *r, const struct lock_items *items)
{
	CLEANUP(buf_done)
	struct buf sum = BUF_INIT(LINE_MAX_BYTES);
	size_t i;

	buf_addf(&sum, "{\"images\":%zu", items->n);
	for (i = 1; i < LOCK_RESULTS; i++)
		buf_addf(&sum, ",\"%s\":%zu", lock_result_word((enum lock_result)i),
			 lock_items_count(items, (enum lock_result)i));
	add_text(&sum, "file", r->path);
	buf_addf(&sum, ",\"entries\":%zu,\"written\":%s}", r->entries,
		 r->written ? "true" : "false");
	puts(buf_str(&sum));
}

void lock_report_print(const struct lock_report *r, const struct lock_items *items)
{
	size_t i;

	if (!r->json) {
		print_table(r, items);
	} else {
		for (i = 0; i < items->n; i++)
			print_json(r, &items->item[i]);
		print_json_sum(r, items);
	}
	fflush(stdout);
}
