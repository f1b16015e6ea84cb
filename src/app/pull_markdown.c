/*
 * pull_markdown.c - the images that moved, what changed inside, and what failed. No
 * state.
 */
#include "app/pull_markdown.h"

#include <stdio.h>

#include "app/changes.h"
#include "base/buf.h"
#include "base/mem.h"

static void add_moved(struct changes_page *page, const struct pull_report *r,
		      const struct imagearg *arg)
{
	struct inside_moved m = pull_report_moved(arg);

	if (r->inside != NULL)
		inside_page(r->inside, &m, page);
	else
		changes_page_add(page, m.text, &m.before, &m.after, NULL,
				 "not looked into");
}

void pull_markdown_print(const struct pull_report *r, const struct imageargs *a)
{
	struct changes_page page;
	char first[200];
	size_t i, moved = 0, fresh = 0, bad = 0;

	changes_page_init(&page);
	for (i = 0; i < a->n; i++) {
		const struct imagearg *arg = a->arg[i];
		enum batch_result result = arg->im.result;

		moved += result == BATCH_MOVED;
		fresh += result == BATCH_NEW;
		bad += result == BATCH_FAILED || result == BATCH_STALE;
		if (result == BATCH_MOVED)
			add_moved(&page, r, arg);
		else if (result == BATCH_FAILED || result == BATCH_STALE)
			changes_page_note(&page, arg->text, arg->im.err.msg);
	}
	snprintf(first, sizeof(first),
		 "%zu image%s: %zu moved, %zu new, %zu as before, %zu not compared.%s",
		 a->n, a->n == 1 ? "" : "s", moved, fresh, a->n - moved - fresh - bad,
		 bad, r->look ? " Nothing has been changed yet." : "");
	changes_page_print(&page, "Base images", first, stdout);
	changes_page_done(&page);
	fflush(stdout);
}
