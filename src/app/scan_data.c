/*
 * scan_data.c - where the data of vulnerabilities are: a folder, or an artifact that is
 * pulled as images are.
 *
 * Of an artifact ("oci:HOST/NAME:TAG", as `oras push` makes it) each layer is a file as
 * it was published, named by its title; its bytes are read where they lie in the store.
 */
#include "app/scan_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/scan.h"
#include "app/scan_doubts.h"
#include "app/scan_find.h"
#include "base/mem.h"
#include "codec/httpdate.h"
#include "codec/json.h"
#include "mirror/named.h"
#include "store/blob.h"
#include "store/mstore.h"
#include "store/tag.h"

#define ARTIFACT "oci:"
#define TITLE "org.opencontainers.image.title"
#define CREATED "org.opencontainers.image.created"

/* What to place, for the systems that there are. */
static void add_hint(struct buf *b, const char *system)
{
	size_t i, n = strcspn(system, ":");

	if (strncmp(system, "Debian:", 7) == 0)
		buf_adds(b, "\n  https://security-tracker.debian.org/tracker/data/json");
	if (strncmp(system, "Alpine:", 7) == 0)
		buf_addf(b,
			 "\n  https://secdb.alpinelinux.org/%s/main.json and "
			 "community.json",
			 system + 7);
	buf_adds(b, "\n  https://osv-vulnerabilities.storage.googleapis.com/");
	for (i = 0; i < n; i++)
		buf_addf(b, system[i] == ' ' ? "%%20" : "%c", system[i]);
	buf_adds(b, "/all.zip");
}

static void print_hints(struct scan *s)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(8192);
	CLEANUP(buf_done)
	struct buf one = BUF_INIT(1024);
	bool python = false;
	size_t i;

	for (i = 0; i < vuln_images(s->vuln); i++) {
		const struct vuln_image *im = vuln_image(s->vuln, i);

		buf_clear(&one);
		python |= im->python > 0;
		if (im->system[0] != '\0')
			add_hint(&one, im->system);
		if (one.n > 0 && strstr(buf_str(&b), buf_str(&one)) == NULL)
			buf_adds(&b, buf_str(&one));
	}
	if (python)
		add_hint(&b, "PyPI");
	fprintf(stderr,
		"larder scan: place what is published there, as it is (docs/scan.md):"
		"%s\n",
		b.n > 0 ? buf_str(&b) : " nothing is known for these images' systems");
}

/* --- an artifact --- */

static int pull_artifact(struct scan *s, const struct imageref *image,
			 struct digest *root, struct reponame *repo, struct err *e)
{
	struct imageargs args = { 0 };
	struct route route;
	bool local;
	int rc;

	if (named_route(s->plan, image, &route, e) != 0)
		return -1;
	*repo = route.name;
	local = route.site == NULL;
	route_done(&route);
	*root = image->digest;
	if (local || s->offline)
		return image->has_digest ? 0
					 : tag_get(s->store, repo, image->tag, root, e);
	scan_gather_add(&args, image, NULL, 0);
	scan_gather(s, &args, false);
	rc = args.arg[0]->im.result == BATCH_FAILED ? -1 : 0;
	if (rc != 0)
		*e = args.arg[0]->im.err;
	else if (args.arg[0]->im.result == BATCH_STALE)
		fprintf(stderr,
			"larder scan: warning: the data are the copy in the store: "
			"%s\n",
			args.arg[0]->im.err.msg);
	*root = args.arg[0]->im.done.digest;
	imageargs_done(&args);
	return rc;
}

static int64_t created_ms(const struct json *doc)
{
	const char *text = json_get_str(json_get(doc, "annotations"), CREATED);
	int64_t seconds;

	return text != NULL && httpdate_parse(view_of(text), &seconds) ? seconds * 1000
								       : 0;
}

static int read_layer(struct scan *s, const struct json *layer, int64_t when_ms,
		      struct err *e)
{
	const char *title = json_get_str(json_get(layer, "annotations"), TITLE);
	const char *text = json_get_str(layer, "digest");
	CLEANUP(mem_closep)
	int fd = -1;
	struct digest d;
	uint64_t size;

	if (text == NULL || digest_parse(view_of(text), &d, e) != 0)
		return err_set(e, ERR_INVALID, "a layer without a digest");
	fd = blob_open(s->store, &d, &size, e);
	if (fd < 0)
		return -1;
	return vuln_data_file(s->vuln, &s->found, title != NULL ? title : text, fd, size,
			      when_ms, e);
}

static int read_artifact(struct scan *s, const char *name, struct err *e)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	const struct json *layers;
	struct imageref image;
	struct reponame repo;
	struct digest root;
	struct stored *m;
	size_t i;

	if (imageref_parse(view_of(name), &image, e) != 0 ||
	    pull_artifact(s, &image, &root, &repo, e) != 0 ||
	    mstore_get(s->store, &repo, &root, &m, e) != 0)
		return -1;
	doc = json_parse((struct view){ m->body, m->n }, e);
	stored_unref(m);
	layers = json_get(doc, "layers");
	if (json_len(layers) == 0)
		return err_set(e, ERR_INVALID,
			       "it is no artifact with files in it, as `oras push` makes "
			       "them");
	for (i = 0; i < json_len(layers); i++)
		if (read_layer(s, json_at(layers, i), created_ms(doc), e) != 0)
			return -1;
	return 0;
}

/* --- either --- */

static const char *place(const struct scan *s)
{
	return s->data != NULL ? s->data : s->settings->vulnerabilities;
}

static int read_place(struct scan *s, struct err *e)
{
	const char *where = place(s);
	size_t n = strlen(ARTIFACT);

	if (strncmp(where, ARTIFACT, n) == 0)
		return read_artifact(s, where + n, e);
	return vuln_data_folder(s->vuln, &s->found, where, e);
}

/* What is not data, and what of them could not be used. */
static void complain(const struct scan *s)
{
	scan_doubts_files(s, scan_doubts_warn, NULL);
	if (s->found.strangers > 0)
		fprintf(stderr,
			"larder scan: %zu file%s there hold%s no data that is known (%s)"
			"\n",
			s->found.strangers, s->found.strangers == 1 ? "" : "s",
			s->found.strangers == 1 ? "s" : "", s->found.stranger);
}

int scan_data(struct scan *s, struct err *e)
{
	size_t i, usable = 0;

	if (place(s) == NULL) {
		err_set(e, ERR_NOT_FOUND,
			"no data of vulnerabilities: say where they are with --data "
			"FOLDER or larder.vulnerabilities");
		print_hints(s);
		return -1;
	}
	if (read_place(s, e) != 0)
		return err_add(e, "data of vulnerabilities %.200s", place(s));
	vuln_data_sort(&s->found);
	complain(s);
	for (i = 0; i < s->found.n; i++)
		usable += !s->found.file[i].failed;
	if (usable > 0)
		return 0;
	print_hints(s);
	return err_set(e, ERR_NOT_FOUND, "%.200s: no data of vulnerabilities there",
		       place(s));
}
