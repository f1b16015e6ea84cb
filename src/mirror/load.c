/*
 * load.c - what the engine has already, what it can read, and then the tar.
 */
#include "mirror/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "mirror/choose.h"
#include "mirror/load_tar.h"
#include "oci/imageref.h"
#include "store/blob.h"

#define SAID_MAX_BYTES 65536
#define ZSTD_API 42 /* Docker 23 */

struct load {
	const struct load_job *job;
	struct engine *to;
	struct choice image;
	struct digest id; /* that it has, or will have, in the engine */
	char (*name)[IMAGEREF_TEXT_MAX];
	bool *has; /* for each name: the engine has this very image under it */
};

/* "python:3.11-slim@sha256:..." to "docker.io/library/python:3.11-slim". */
static int full_name(const char *text, char out[IMAGEREF_TEXT_MAX], struct err *e)
{
	struct imageref r;
	bool hub;

	if (imageref_parse(view_of(text), &r, e) != 0)
		return -1;
	if (r.tag[0] == '\0')
		return err_set(
			e, ERR_INVALID,
			"%.250s: an engine can only be given an image under a tag; "
			"write it as name:tag@digest",
			text);
	hub = r.host[0] == '\0' || strcmp(r.host, "docker.io") == 0;
	snprintf(out, IMAGEREF_TEXT_MAX, "%s/%s%s:%s", hub ? "docker.io" : r.host,
		 hub && strchr(r.name.s, '/') == NULL ? "library/" : "", r.name.s, r.tag);
	return 0;
}

static int read_names(struct load *w, struct err *e)
{
	const struct load_job *job = w->job;
	size_t i;

	if (job->nnames == 0 || job->nnames > LOAD_MAX_NAMES)
		return err_set(e, ERR_INVALID,
			       "an image is loaded under 1 to %d names, not %zu",
			       LOAD_MAX_NAMES, job->nnames);
	w->name = mem_alloc(job->nnames * sizeof(*w->name));
	w->has = mem_alloc(job->nnames * sizeof(*w->has));
	for (i = 0; i < job->nnames; i++)
		if (full_name(job->names[i], w->name[i], e) != 0)
			return -1;
	return 0;
}

static bool is_zstd(const struct choice *image)
{
	CLEANUP(json_freep)
	struct json *doc = json_parse(
		(struct view){ image->manifest->body, image->manifest->n }, NULL);
	const struct json *layers = json_get(doc, "layers");
	const char *type;
	size_t i;

	for (i = 0; i < json_len(layers); i++) {
		type = json_get_str(json_at(layers, i), "mediaType");
		if (type != NULL && strstr(type, "zstd") != NULL)
			return true;
	}
	return false;
}

static int check_blobs(const struct load *w, struct err *e)
{
	const struct manifest *m = &w->image.parsed;
	char text[DIGEST_TEXT_MAX];
	size_t i;

	for (i = 0; i < m->nchildren; i++) {
		if (blob_exists(w->job->store, &m->child[i].digest, NULL))
			continue;
		digest_text(&m->child[i].digest, text);
		return err_set(e, ERR_NOT_FOUND, "%.24s of it is not in the store%s",
			       text,
			       m->child[i].is_foreign ? ": it is a layer that registries "
							"do not pass on"
						      : "; pull the image again");
	}
	return 0;
}

/* Can this engine have it, and is it all here? */
static int check(const struct load *w, struct err *e)
{
	const struct engine_facts *f = engine_facts(w->to);

	if (!w->image.parsed.has_config)
		return err_set(e, ERR_INVALID,
			       "it is no image that an engine can run: it has no "
			       "configuration");
	if (!f->podman && !f->containerd_store &&
	    strtol(f->api + strcspn(f->api, ".") + 1, NULL, 10) < ZSTD_API &&
	    is_zstd(&w->image))
		return err_set(
			e, ERR_INVALID,
			"its layers are compressed with zstd, which %s cannot read; "
			"Docker 23 and newer can",
			f->name);
	return check_blobs(w, e);
}

static int has_under(const struct load *w, const char *name, bool *has, struct err *e)
{
	struct engine_image found = { 0 };
	bool is_there;

	if (engine_find(w->to, name, &found, &is_there, e) != 0)
		return -1;
	*has = is_there && digest_equal(&found.id, &w->id);
	if (is_there)
		engine_image_done(&found);
	return 0;
}

static int send(struct load *w, const char *name, struct err *e)
{
	struct load_progress *p = w->job->progress;
	struct load_tar *tar = load_tar_new(w->job->store, &w->image, name,
					    p != NULL ? &p->bytes_done : NULL);
	CLEANUP(buf_done)
	struct buf said = BUF_INIT(SAID_MAX_BYTES);
	char text[DIGEST_TEXT_MAX];
	bool has = false;
	int rc;

	if (p != NULL)
		atomic_store(&p->bytes, tarball_size(load_tar_ball(tar)));
	rc = engine_load(w->to, tarball_body(load_tar_ball(tar)), &said, e);
	load_tar_free(tar);
	if (rc != 0 || has_under(w, name, &has, e) != 0)
		return -1;
	if (has)
		return 0;
	digest_text(&w->id, text);
	return err_set(
		e, ERR_UPSTREAM,
		"%s has loaded it, but not as %s with the id %.24s. It said: %.150s",
		engine_facts(w->to)->name, name, text,
		said.n > 0 ? buf_str(&said) : "nothing");
}

/* By the id, whatever it is called; else sent. The rest are further names. */
static int bring(struct load *w, size_t first, struct err *e)
{
	char id[DIGEST_TEXT_MAX];
	bool has = false;
	size_t i;

	digest_text(&w->id, id);
	if (has_under(w, id, &has, e) != 0)
		return -1;
	if (!has && send(w, w->name[first], e) != 0)
		return -1;
	w->has[first] = !has;
	for (i = 0; i < w->job->nnames; i++)
		if (!w->has[i] && engine_tag(w->to, id, w->name[i], e) != 0)
			return -1;
	return 0;
}

static int carry_out(struct load *w, bool *current, struct err *e)
{
	size_t i, first = w->job->nnames;

	for (i = w->job->nnames; i-- > 0;) {
		if (has_under(w, w->name[i], &w->has[i], e) != 0)
			return -1;
		if (!w->has[i])
			first = i;
	}
	*current = first == w->job->nnames;
	if (*current)
		return 0;
	return check(w, e) == 0 ? bring(w, first, e) : -1;
}

static int prepare(struct load *w, struct err *e)
{
	const struct load_job *job = w->job;
	const struct engine_facts *f = engine_facts(w->to);
	const struct platform *p = job->platform ? job->platform : &f->platform;
	char text[DIGEST_TEXT_MAX];

	if (read_names(w, e) != 0)
		return -1;
	if (choose_manifest(job->store, job->from, job->digest, p, &w->image, e) != 0) {
		digest_text(job->digest, text);
		return err_add(e, "%s@%.24s", job->from->s, text);
	}
	if (f->containerd_store || !w->image.parsed.has_config)
		w->id = w->image.manifest->digest;
	else
		w->id = w->image.parsed.child[0].digest;
	return 0;
}

int load_image(const struct load_job *job, struct digest *id, bool *current,
	       struct err *e)
{
	struct load w = { .job = job, .to = job->to };
	bool was_there = false;
	int rc;

	rc = prepare(&w, e);
	if (rc == 0 && (rc = carry_out(&w, &was_there, e)) != 0)
		err_add(e, "%s", w.name[0]);
	if (rc == 0) {
		*current = was_there;
		if (id != NULL)
			*id = w.id;
	}
	choice_done(&w.image);
	free(w.name);
	free(w.has);
	return rc;
}
