/*
 * layout.h - where things are, relative to the store's root.
 *
 * The layout of registry:2, so that its volumes open in place and go back:
 *
 *	docker/registry/v2/blobs/<alg>/<2 hex>/<hex>/data
 *	docker/registry/v2/repositories/<name>/_layers/<alg>/<hex>/link
 *	docker/registry/v2/repositories/<name>/_manifests/revisions/<alg>/<hex>/link
 *	docker/registry/v2/repositories/<name>/_manifests/tags/<tag>/current/link
 *	docker/registry/v2/repositories/<name>/_manifests/tags/<tag>/index/<alg>/<hex>/link
 *
 * and beside it what only larder knows, all of it rebuildable (a tag's history as far as
 * its links tell):
 *
 *	larder/lock                       held shared by every process that writes
 *	larder/sweep, larder/collect      locks of store/keep.h and store/collect.h
 *	larder/room                       bytes in use (store/room.h)
 *	larder/tmp/<random>               being written; nobody's after a crash
 *	larder/partial/<alg>-<hex>        a blob's first bytes, kept to resume
 *	larder/uploads/<16 hex of the repository's name>-<uuid>   a blob being pushed
 *	larder/referrers/<name>/_subjects/<alg>/<hex>/<alg>-<hex of the referrer>
 *	larder/referrers/<name>/_upstream/<alg>/<hex>   the list an upstream gave
 *	larder/types/<alg>/<hex>          a manifest's Content-Type, where its bytes do
 *                                        not tell
 *	larder/tags/<name>/_tags/<tag>    when the tag was last compared with its upstream
 *	larder/history/<name>/_tags/<tag> where the tag has been (store/history.h)
 *	larder/usage.db                   when images were last used (store/usage.h)
 *	larder/quarantine/<alg>-<hex>     a blob whose bytes turned out to be wrong
 *	larder/scrub, larder/scrub.state  the lock of store/scrub.h, and how far it is
 *
 * Paths are made only from validated names, tags and digests, and always fit.
 */
#ifndef LARDER_STORE_LAYOUT_H
#define LARDER_STORE_LAYOUT_H

#include "oci/digest.h"
#include "oci/reference.h"

#define LAYOUT_PATH_MAX 1024

#define LAYOUT_BLOBS "docker/registry/v2/blobs"
#define LAYOUT_REPOSITORIES "docker/registry/v2/repositories"
#define LAYOUT_LOCK "larder/lock"
#define LAYOUT_SWEEP "larder/sweep"
#define LAYOUT_COLLECT "larder/collect"
#define LAYOUT_ROOM "larder/room"
#define LAYOUT_TMP "larder/tmp"
#define LAYOUT_PARTIALS "larder/partial"
#define LAYOUT_UPLOADS "larder/uploads"
#define LAYOUT_CHECKS "larder/tags"
#define LAYOUT_HISTORY "larder/history"
#define LAYOUT_USAGE "larder/usage.db"
#define LAYOUT_TYPES "larder/types"
#define LAYOUT_REFERRERS "larder/referrers"
#define LAYOUT_QUARANTINE "larder/quarantine"
#define LAYOUT_SCRUB "larder/scrub"
#define LAYOUT_SCRUB_STATE "larder/scrub.state"

typedef char layout_path[LAYOUT_PATH_MAX];

void layout_blob(layout_path out, const struct digest *d);
void layout_layer(layout_path out, const struct reponame *name, const struct digest *d);
void layout_revision(layout_path out, const struct reponame *name,
		     const struct digest *d);
/* The folders of those of one algorithm. */
void layout_revisions(layout_path out, const struct reponame *name, const char *alg);
void layout_layers(layout_path out, const struct reponame *name, const char *alg);
void layout_tags(layout_path out, const struct reponame *name);
void layout_tag(layout_path out, const struct reponame *name, const char *tag);
void layout_tag_index(layout_path out, const struct reponame *name, const char *tag,
		      const struct digest *d);
void layout_partial(layout_path out, const struct digest *d);
void layout_tag_folder(layout_path out, const struct reponame *name, const char *tag);
/* id: at least 36 characters, of which the first 36 are used. */
void layout_upload(layout_path out, const struct reponame *name, const char *id);
void layout_referrers(layout_path out, const struct reponame *name,
		      const struct digest *subject); /* the folder */
void layout_referrer(layout_path out, const struct reponame *name,
		     const struct digest *subject, const struct digest *referrer);
void layout_referrers_note(layout_path out, const struct reponame *name,
			   const struct digest *subject); /* an upstream's list */
void layout_type(layout_path out, const struct digest *d);
void layout_quarantine(layout_path out, const struct digest *d);
void layout_tag_check(layout_path out, const struct reponame *name, const char *tag);
void layout_history(layout_path out, const struct reponame *name, const char *tag);
/* The folders of a repository's notes: of tags' histories, of tags' checks, of one
 * algorithm's subjects, and of its upstream's lists. */
void layout_histories(layout_path out, const struct reponame *name);
void layout_tag_checks(layout_path out, const struct reponame *name);
void layout_subjects(layout_path out, const struct reponame *name, const char *alg);
void layout_referrers_notes(layout_path out, const struct reponame *name,
			    const char *alg);

#endif
