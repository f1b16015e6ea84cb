/* Collecting: what is named stays, what is not goes, and what is kept meanwhile stays. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest_try.h"
#include "store/blob.h"
#include "store/collect.h"
#include "store/keep.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/publish.h"
#include "store/quarantine.h"
#include "store/referrers.h"
#include "store/tag.h"
#include "store_try.h"

#define HOUR 3600000

static void age(struct store *s, const char *path, int64_t ms)
{
	struct timespec at[2];

	clock_gettime(CLOCK_REALTIME, &at[0]);
	at[0].tv_sec -= ms / 1000;
	at[1] = at[0];
	assert_int_equal(utimensat(s->dirfd, path, at, 0), 0);
}

static void age_blob(struct store *s, const struct digest *d, int64_t ms)
{
	layout_path path;

	layout_blob(path, d);
	age(s, path, ms);
}

static void age_link(struct store *s, const struct reponame *name, const struct digest *d,
		     int64_t ms)
{
	layout_path path;

	layout_layer(path, name, d);
	age(s, path, ms);
}

/* An old blob with this text. */
static struct digest old_blob(struct store *s, const char *text)
{
	struct digest d = try_digest(text);

	assert_int_equal(blob_put(s, &d, text, strlen(text), NULL), 0);
	age_blob(s, &d, 2 * HOUR);
	return d;
}

/* An image of a configuration and a layer, in the repository, old. */
static struct digest old_image(struct store *s, const char *repository,
			       const char *config, const char *layer, const char *tag)
{
	struct reponame name = try_name(repository);
	struct digest c = try_digest(config), l = try_digest(layer);
	char ctext[DIGEST_TEXT_MAX], ltext[DIGEST_TEXT_MAX], body[1000];
	struct manifest parsed;
	struct stored *m;
	struct digest d;
	struct err e;

	digest_text(&c, ctext);
	digest_text(&l, ltext);
	snprintf(body, sizeof(body),
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_MANIFEST
		 "\",\"config\":{\"mediaType\":\"application/"
		 "vnd.oci.image.config.v1+json\","
		 "\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		 "\"application/"
		 "vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%zu}"
		 "]}",
		 ctext, strlen(config), ltext, strlen(layer));
	m = try_stored(body, MEDIATYPE_OCI_MANIFEST);
	d = m->digest;
	assert_int_equal(manifest_parse(view_of(body), &parsed, &e), 0);
	old_blob(s, config);
	old_blob(s, layer);
	assert_int_equal(mstore_put(s, &name, m, &parsed, &e), 0);
	if (tag != NULL)
		assert_int_equal(tag_set(s, &name, tag, &d, &e), 0);
	manifest_done(&parsed);
	stored_unref(m);
	age_blob(s, &d, 2 * HOUR);
	age_blob(s, &c, 2 * HOUR);
	age_blob(s, &l, 2 * HOUR);
	age_link(s, &name, &c, 2 * HOUR);
	age_link(s, &name, &l, 2 * HOUR);
	return d;
}

static bool has(struct store *s, const char *text)
{
	struct digest d = try_digest(text);

	return blob_exists(s, &d, NULL);
}

static struct collected collect(struct store *s)
{
	struct collect_ask ask = { .store = s, .grace_ms = HOUR };
	struct collected out;
	struct err e;

	assert_int_equal(collect_run(&ask, &out, &e), 0);
	return out;
}

/* What a manifest named counts while the manifest may come back. */
static void quarantine_keeps(void **state)
{
	struct store *s = try_store(state);
	struct digest d = old_image(s, "a", "config", "layer", "1");
	struct err e;

	assert_int_equal(quarantine_put(s, &d, -1, &e), 1);
	assert_int_equal(collect(s).removed, 0);
	assert_true(has(s, "config") && has(s, "layer"));
	quarantine_forget(s, &d);
	collect(s);
	assert_false(has(s, "layer"));
}

static void what_is_named_stays(void **state)
{
	struct store *s = try_store(state);
	struct digest image = old_image(s, "a/b", "config", "layer", "1");
	struct collected out;

	old_blob(s, "nobody's");
	out = collect(s);
	assert_int_equal(out.removed, 1);
	assert_int_equal(out.removed_bytes, strlen("nobody's"));
	assert_int_equal(out.blobs, 4);
	assert_int_equal(out.manifests, 1);
	assert_int_equal(out.passes, 1);
	assert_false(has(s, "nobody's"));
	assert_true(has(s, "config") && has(s, "layer") && blob_exists(s, &image, NULL));
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
}

/* After the manifest, what only it named; not what another names too. */
static void shared_layers_stay(void **state)
{
	struct store *s = try_store(state);
	struct publishing *p = publishing_new(s);
	struct reponame name = try_name("a/b");
	struct digest gone = old_image(s, "a/b", "config 1", "base", "1");
	struct err e;

	old_image(s, "c", "config 2", "base", NULL);
	assert_int_equal(publish_remove(p, &name, &gone, "delete", &e), 0);
	collect(s);
	assert_false(has(s, "config 1"));
	assert_false(blob_exists(s, &gone, NULL));
	assert_true(has(s, "config 2") && has(s, "base"));
	publishing_free(p);
}

/* What has just lost its names, and nothing else; but of that all who still name it are
 * asked. */
static void only_what_is_asked_about(void **state)
{
	struct store *s = try_store(state);
	struct publishing *p = publishing_new(s);
	struct reponame name = try_name("a/b");
	struct digest gone = old_image(s, "a/b", "config 1", "base", "1");
	struct digest base = try_digest("base"), config = try_digest("config 1");
	struct collect_ask ask = { .store = s, .grace_ms = HOUR };
	struct marks *among = marks_new(1 << 16);
	struct collected out;
	struct err e;

	old_image(s, "c", "config 2", "base", NULL);
	old_blob(s, "nobody's");
	assert_int_equal(publish_remove(p, &name, &gone, "delete", &e), 0);
	ask.among = among;
	assert_int_equal(collect_run(&ask, &out, &e), 0);
	assert_int_equal(out.blobs + out.removed, 0);
	marks_add(among, &gone);
	marks_add(among, &base);
	marks_add(among, &config);
	assert_int_equal(collect_run(&ask, &out, &e), 0);
	assert_int_equal(out.blobs, 3);
	assert_int_equal(out.removed, 2);
	assert_int_equal(out.links, 2);
	assert_false(has(s, "config 1") || blob_exists(s, &gone, NULL));
	assert_false(link_exists(s, LINK_LAYER, &name, &base));
	assert_true(has(s, "config 2") && has(s, "base") && has(s, "nobody's"));
	ask.among = NULL;
	assert_int_equal(collect_run(&ask, &out, &e), 0);
	assert_int_equal(out.removed, 1);
	marks_free(among);
	publishing_free(p);
}

/* A push whose manifest has not come yet. */
static void a_push_under_way_stays(void **state)
{
	struct store *s = try_store(state);
	struct reponame name = try_name("a/b");
	struct digest young = old_blob(s, "young"), old = old_blob(s, "old");
	struct err e;

	assert_int_equal(link_add(s, LINK_LAYER, &name, &young, true, &e), 0);
	assert_int_equal(link_add(s, LINK_LAYER, &name, &old, true, &e), 0);
	age_link(s, &name, &young, HOUR / 2);
	age_link(s, &name, &old, 2 * HOUR);
	assert_int_equal(collect(s).links, 1);
	assert_true(has(s, "young"));
	assert_false(has(s, "old") || link_exists(s, LINK_LAYER, &name, &old));
	/* Who asks whether it is there is about to name it. */
	age_link(s, &name, &young, 2 * HOUR);
	age_blob(s, &young, 2 * HOUR);
	assert_true(keep_link(s, &name, &young));
	age_blob(s, &young, 2 * HOUR);
	collect(s);
	assert_true(has(s, "young"));
}

static bool never_local(void *arg, const struct reponame *name)
{
	return false;
}

/* What a mirror has without a manifest can be had again. */
static void mirrored_links_keep_nothing(void **state)
{
	struct store *s = try_store(state);
	struct reponame name = try_name("a/b");
	struct digest d = old_blob(s, "blob");
	struct collect_ask ask = { .store = s,
				   .grace_ms = HOUR,
				   .is_local = never_local };
	struct collected out;
	struct err e;

	assert_int_equal(link_add(s, LINK_LAYER, &name, &d, true, &e), 0);
	age_link(s, &name, &d, HOUR / 2);
	assert_int_equal(collect_run(&ask, &out, &e), 0);
	assert_false(has(s, "blob"));
	assert_int_equal(try_count(s, LAYOUT_REPOSITORIES), 0);
}

static bool keep_one(void *arg)
{
	struct store *s = arg;
	struct digest d = try_digest("asked for");

	assert_true(keep_blob(s, &d));
	return true;
}

static void what_is_kept_meanwhile_stays(void **state)
{
	struct store *s = try_store(state);
	struct collect_ask ask = { .store = s, .breathe = keep_one, .arg = s };
	struct collected out;
	struct err e;

	old_image(s, "a", "config", "layer", "1");
	old_blob(s, "asked for");
	old_blob(s, "not asked for");
	assert_int_equal(collect_run(&ask, &out, &e), 0);
	assert_int_equal(out.removed, 1);
	assert_true(has(s, "asked for"));
	assert_false(has(s, "not asked for"));
}

static void a_dry_run_removes_nothing(void **state)
{
	struct store *s = try_store(state);
	struct collect_ask ask = { .store = s, .dry_run = true };
	struct collected out, real;
	struct err e;

	old_image(s, "a", "config", "layer", "1");
	old_blob(s, "one");
	old_blob(s, "two");
	assert_int_equal(collect_run(&ask, &out, &e), 0);
	assert_true(has(s, "one") && has(s, "two"));
	real = collect(s);
	assert_int_equal(real.removed, out.removed);
	assert_int_equal(real.removed_bytes, out.removed_bytes);
	assert_int_equal(out.removed, 2);
}

/* What a manifest names that cannot be read is not known: its repository keeps all. */
static void an_unreadable_manifest_keeps_its_repository(void **state)
{
	struct store *s = try_store(state);
	struct digest bad = old_image(s, "a", "config", "layer", "1");
	struct collected out;
	layout_path path;
	int fd;

	old_blob(s, "nobody's");
	layout_blob(path, &bad);
	fd = openat(s->dirfd, path, O_WRONLY);
	assert_true(fd >= 0 && pwrite(fd, "x", 1, 5) == 1);
	close(fd);
	out = collect(s);
	assert_int_equal(out.unreadable, 1);
	assert_true(has(s, "config") && has(s, "layer"));
	assert_false(has(s, "nobody's"));
}

static void range_by_range(void **state)
{
	struct store *s = try_store(state);
	struct collect_ask ask = { .store = s, .mark_bytes = 16 * 1024 };
	struct collected out;
	char config[40], layer[40];
	struct err e;
	int i;

	for (i = 0; i < 400; i++) {
		snprintf(config, sizeof(config), "config %d", i);
		snprintf(layer, sizeof(layer), "layer %d", i);
		old_image(s, i % 2 ? "a" : "b/c", config, layer, NULL);
	}
	for (i = 0; i < 100; i++) {
		snprintf(config, sizeof(config), "stray %d", i);
		old_blob(s, config);
	}
	assert_int_equal(collect_run(&ask, &out, &e), 0);
	assert_true(out.passes > 1);
	assert_int_equal(out.removed, 100);
	assert_int_equal(out.blobs, 1300);
	assert_int_equal(out.manifests, 400);
	assert_true(has(s, "config 0") && has(s, "layer 399"));
}

static bool stop(void *arg)
{
	return false;
}

static void one_at_a_time_and_stopped(void **state)
{
	struct store *s = try_store(state);
	struct collect_ask ask = { .store = s, .breathe = stop };
	struct collected out;
	struct err e;
	int fd;

	old_image(s, "a", "config", "layer", "1");
	assert_err(collect_run(&ask, &out, &e), e, ERR_CANCELLED);
	fd = openat(s->dirfd, LAYOUT_COLLECT, O_RDONLY);
	assert_true(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	assert_err(collect_run(&ask, &out, &e), e, ERR_BUSY);
	close(fd);
}

/* Notes of what is gone go too; the repository itself, when nothing is left of it. */
static void notes_and_folders_go(void **state)
{
	struct store *s = try_store(state);
	struct publishing *p = publishing_new(s);
	struct reponame name = try_name("a/b");
	struct digest image = old_image(s, "a/b", "config", "layer", "1");
	struct digest other = try_digest("referrer");
	struct collected out;
	struct stat st;
	struct err e;

	assert_int_equal(referrers_add(s, &name, &image, &other, &e), 0);
	assert_int_equal(tag_check_set(s, &name, "1", &image, 5, &e), 0);
	assert_int_equal(referrers_note(s, &name, &image, view_of("[]"), 5, &e), 0);
	out = collect(s);
	assert_int_equal(out.links, 1); /* the referrer is not there */
	assert_int_equal(publish_remove(p, &name, &image, "delete", &e), 0);
	out = collect(s);
	assert_int_equal(out.removed, 3);
	assert_int_equal(out.links, 5);
	assert_int_not_equal(fstatat(s->dirfd, LAYOUT_HISTORY "/a", &st, 0), 0);
	assert_int_not_equal(fstatat(s->dirfd, LAYOUT_REPOSITORIES "/a", &st, 0), 0);
	assert_int_not_equal(fstatat(s->dirfd, LAYOUT_CHECKS "/a", &st, 0), 0);
	publishing_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(what_is_named_stays),
		IN_STORE(quarantine_keeps),
		IN_STORE(shared_layers_stay),
		IN_STORE(only_what_is_asked_about),
		IN_STORE(a_push_under_way_stays),
		IN_STORE(mirrored_links_keep_nothing),
		IN_STORE(what_is_kept_meanwhile_stays),
		IN_STORE(a_dry_run_removes_nothing),
		IN_STORE(an_unreadable_manifest_keeps_its_repository),
		IN_STORE(range_by_range),
		IN_STORE(one_at_a_time_and_stopped),
		IN_STORE(notes_and_folders_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
