/* Many tags and manifests that go at once: what moved or came meanwhile stays. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/removal.h"
#include "manifest_try.h"
#include "store/layout.h"
#include "store/link.h"
#include "store/mstore.h"
#include "store/publish.h"
#include "store/tag.h"
#include "store_try.h"

static struct digest manifest(struct store *s, const struct reponame *name,
			      const char *note)
{
	struct manifest parsed;
	struct stored *m;
	struct digest d;
	char body[300];
	struct err e;

	snprintf(body, sizeof(body),
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIATYPE_OCI_INDEX
		 "\",\"manifests\":[],\"annotations\":{\"n\":\"%s\"}}",
		 note);
	m = try_stored(body, MEDIATYPE_OCI_INDEX);
	d = m->digest;
	assert_int_equal(manifest_parse(view_of(body), &parsed, &e), 0);
	assert_int_equal(mstore_put(s, name, m, &parsed, &e), 0);
	manifest_done(&parsed);
	stored_unref(m);
	return d;
}

static bool has_tag(struct store *s, const struct reponame *name, const char *tag)
{
	struct digest at;

	return tag_get(s, name, tag, &at, NULL) == 0;
}

static void tags_then_manifests(void **state)
{
	struct store *s = try_store(state);
	struct publishing *p = publishing_new(s);
	struct removal *r = removal_new(s->dirfd, LAYOUT_TMP, LAYOUT_REPOSITORIES);
	struct marks *going = marks_new(1 << 16);
	struct reponame name = try_name("a/b");
	struct digest go[2], stays, gone;
	struct publish_tag tags[4];
	struct err e;

	go[0] = manifest(s, &name, "0");
	go[1] = manifest(s, &name, "1");
	stays = manifest(s, &name, "stays");
	gone = try_digest("never here");
	assert_int_equal(tag_set(s, &name, "zero", &go[0], &e), 0);
	assert_int_equal(tag_set(s, &name, "also-zero", &go[0], &e), 0);
	assert_int_equal(tag_set(s, &name, "one", &go[1], &e), 0);
	assert_int_equal(tag_set(s, &name, "moved", &stays, &e), 0);
	assert_int_equal(tag_set(s, &name, "alone", &stays, &e), 0);
	tags[0] = (struct publish_tag){ "zero", &go[0] };
	tags[1] = (struct publish_tag){ "moved", &go[0] };
	tags[2] = (struct publish_tag){ "vanished", &go[0] };
	tags[3] = (struct publish_tag){ "alone", &stays };
	marks_add(going, &go[0]);
	marks_add(going, &go[1]);
	assert_int_equal(publish_drop_tags(p, &name, tags, 4, going, NULL, r, &e), 0);
	assert_false(has_tag(s, &name, "zero") || has_tag(s, &name, "also-zero") ||
		     has_tag(s, &name, "one") || has_tag(s, &name, "alone"));
	assert_true(has_tag(s, &name, "moved"));
	assert_int_equal(removal_last(r, &e), 0);

	/* A pull has brought a tag back since. */
	assert_int_equal(tag_set(s, &name, "back", &go[1], &e), 0);
	assert_int_equal(publish_drop(p, &name, go, 2, r, &e), 0);
	assert_int_equal(publish_drop(p, &name, &gone, 1, r, &e), 0);
	assert_int_equal(removal_last(r, &e), 0);
	assert_false(link_exists(s, LINK_REVISION, &name, &go[0]));
	assert_true(link_exists(s, LINK_REVISION, &name, &go[1]) &&
		    link_exists(s, LINK_REVISION, &name, &stays));
	assert_int_equal(try_count(s, LAYOUT_TMP), 0);
	removal_free(r);
	marks_free(going);
	publishing_free(p);
}

static void a_repository_that_is_not_there(void **state)
{
	struct store *s = try_store(state);
	struct publishing *p = publishing_new(s);
	struct removal *r = removal_new(s->dirfd, LAYOUT_TMP, LAYOUT_REPOSITORIES);
	struct marks *going = marks_new(1 << 16);
	struct reponame name = try_name("no/such");
	struct digest d = try_digest("x");
	struct err e;

	marks_add(going, &d);
	assert_int_equal(publish_drop_tags(p, &name, &(struct publish_tag){ "t", NULL },
					   1, going, NULL, r, &e),
			 0);
	assert_int_equal(publish_drop(p, &name, &d, 1, r, &e), 0);
	removal_free(r);
	marks_free(going);
	publishing_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_STORE(tags_then_manifests),
		IN_STORE(a_repository_that_is_not_there),
	};

	return cmocka_run_group_tests_name("store/publish", tests, NULL, NULL);
}
