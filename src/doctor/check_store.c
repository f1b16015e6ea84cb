/*
 * check_store.c - can the store be opened and read, and is anything in it torn.
 */
#include "doctor/checks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/list.h"
#include "store/scrub.h"
#include "store/store.h"
#include "store/tag.h"

#define NAMES_MAX_BYTES (1u << 20)
#define TAGS_MOST 2000
#define TAGS_MS 3000

struct tally {
	unsigned repositories, tags, torn;
	bool more;
};

static void count_tags(struct store *s, const char *repository, struct tally *t)
{
	CLEANUP(buf_done)
	struct buf tags = BUF_INIT(NAMES_MAX_BYTES);
	struct reponame name;
	struct digest d;
	struct err e;
	bool more = false;

	if (reponame_parse(view_of(repository), &name, NULL) != 0 ||
	    list_tags(s, &name, "", TAGS_MOST, &tags, &more, NULL) != 0)
		return;
	t->more = t->more || more;
	for (size_t i = 0; i < tags.n; i += strlen(tags.p + i) + 1) {
		t->tags++;
		if (tag_get(s, &name, tags.p + i, &d, &e) != 0 && e.kind == ERR_CORRUPT)
			t->torn++;
	}
}

static int count(struct store *s, struct tally *t, struct err *e)
{
	CLEANUP(buf_done)
	struct buf names = BUF_INIT(NAMES_MAX_BYTES);
	int64_t until = clock_mono_ms() + TAGS_MS;

	if (list_repositories(s, "", TAGS_MOST, &names, &t->more, e) != 0)
		return -1;
	for (size_t i = 0; i < names.n; i += strlen(names.p + i) + 1) {
		if (t->tags >= TAGS_MOST || clock_mono_ms() >= until) {
			t->more = true;
			break;
		}
		t->repositories++;
		count_tags(s, names.p + i, t);
	}
	return 0;
}

void check_store(struct group *g)
{
	const char *root = g->d->conf.root;
	CLEANUP(mem_freep)
	char *lock = mem_fmt("%s/" LAYOUT_LOCK, root);
	struct store *s = NULL;
	struct tally t = { 0 };
	struct scrub_state scrub;
	struct err e;

	if (access(root, F_OK) != 0 && errno == ENOENT) {
		finding_say(g, "store", FINDING_SKIPPED,
			    "%.200s is not there yet; larder makes it when it starts",
			    root);
		return;
	}
	/* Opening it would make larder's folders in it, and whoever runs doctor their
	 * owner. */
	if (access(lock, F_OK) != 0 && errno == ENOENT) {
		finding_say(g, "store", FINDING_SKIPPED,
			    "no larder has opened %.200s yet", root);
		return;
	}
	if (store_open(root, &s, &e) != 0 || count(s, &t, &e) != 0) {
		finding_say(g, "store", FINDING_FAIL,
			    "the store cannot be opened: %.400s", e.msg);
		finding_remedy(g, e.kind == ERR_DENIED
					  ? "run doctor, and larder, as the user whose "
					    "store it is"
					  : "see the finding on the disk");
	} else if (t.torn > 0) {
		finding_say(g, "store", FINDING_WARN, "%u of %u tags are torn", t.torn,
			    t.tags);
		finding_remedy(g, "a power cut, or registry:2 stopped while writing: "
				  "larder counts them as not there, and fetches or takes "
				  "them again; its log names each");
	} else if (scrub_state_read(s, &scrub), scrub.harmed > 0) {
		finding_say(
			g, "store", FINDING_WARN,
			"%llu of what it has turned out to be damaged and could not be "
			"repaired",
			(unsigned long long)scrub.harmed);
		finding_remedy(g,
			       "larder scrub names each, the images that it harms, and "
			       "what hinders its repair; push those images again, or "
			       "pull them when their upstream answers");
	} else {
		finding_say(g, "store", FINDING_OK,
			    "%u repositories, %u tags%s in %.200s", t.repositories,
			    t.tags, t.more ? " (and more)" : "", root);
	}
	store_close(s);
}
