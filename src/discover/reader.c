/*
 * reader.c - from a file's kind to its reader.
 */
#include "discover/reader.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "discover/compose.h"
#include "discover/devcontainer.h"
#include "discover/github.h"
#include "discover/gitlab.h"
#include "discover/imagelines.h"
#include "discover/jsonc.h"
#include "discover/kubernetes.h"
#include "discover/paths.h"
#include "discover/skaffold.h"
#include "discover/tekton.h"

/* The .env file beside a compose file. */
static void read_dotenv(struct run *run, struct reading *r)
{
	CLEANUP(mem_freep)
	char *dir = paths_dir(r->file);
	CLEANUP(mem_freep)
	char *path = paths_join(dir, ".env");
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(0);
	struct run_file f = { .path = path, .root = run->now->root };

	if (run_beside(&f, &text))
		compose_dotenv(r, buf_view(&text));
}

/* A document that says itself what it is. */
static void read_document(struct run *run, struct reading *r, const struct yaml *doc)
{
	if (skaffold_is(doc)) {
		r->kind = FIND_SKAFFOLD;
		skaffold_read(r, doc);
	} else if (tekton_is(doc)) {
		r->kind = FIND_TEKTON;
		tekton_read(r, doc);
	} else if (kubernetes_is_kustomization(doc)) {
		r->kind = FIND_KUSTOMIZE;
		kubernetes_kustomize(r, doc);
	} else if (kubernetes_is(doc)) {
		r->kind = FIND_KUBERNETES;
		kubernetes_read(r, doc);
	} else if (compose_is(doc)) {
		r->kind = FIND_COMPOSE;
		read_dotenv(run, r);
		compose_read(r, doc);
		vars_done(&r->beside);
	}
}

static void read_as(struct run *run, struct reading *r, enum kind kind,
		    const struct yaml *doc)
{
	switch (kind) {
	case KIND_COMPOSE:
		r->kind = FIND_COMPOSE;
		read_dotenv(run, r);
		compose_read(r, doc);
		vars_done(&r->beside);
		break;
	case KIND_WORKFLOW:
		r->kind = FIND_GITHUB;
		github_workflow(r, doc);
		break;
	case KIND_ACTION:
		r->kind = FIND_GITHUB;
		if (yaml_get(doc, "runs") != NULL)
			github_action(r, doc);
		else
			read_document(run, r, doc);
		break;
	case KIND_DEVCONTAINER:
		r->kind = FIND_DEVCONTAINER;
		devcontainer_read(r, doc);
		break;
	case KIND_KUSTOMIZE:
		r->kind = FIND_KUSTOMIZE;
		kubernetes_kustomize(r, doc);
		break;
	case KIND_SKAFFOLD:
		r->kind = FIND_SKAFFOLD;
		skaffold_read(r, doc);
		break;
	default:
		read_document(run, r, doc);
	}
}

static bool has(struct view text, const char *word)
{
	return text.n > 0 && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

/* Is it worth the time? Of all the YAML of the world, little names images. */
static bool may_name(enum kind kind, struct view text)
{
	if (kind == KIND_JSON)
		return has(text, "\"apiVersion\"") && has(text, "\"image\"");
	return kind != KIND_YAML || has(text, "mage") || has(text, "build") ||
	       has(text, "artifacts");
}

/* Text that is no YAML matters if it may have named an image. */
static int refuse(struct run *run, const struct run_file *f, struct view text,
		  const struct err *why, struct err *e)
{
	char words[sizeof(why->msg) + 32];

	if (f->kind == KIND_YAML && !has(text, "image:"))
		return 0;
	snprintf(words, sizeof(words), "not read: %s", why->msg);
	return run_refuse(run, f->path, words, e);
}

static int read_yaml(struct run *run, struct run_file *f, struct view text, struct err *e)
{
	struct reading r = run_reading(run, FIND_OTHER, f, text, e);
	struct err why = { 0 };
	struct reading_doc *docs = run_docs(f->path, text, &why), *d;

	if (f->kind == KIND_GITLAB && docs != NULL) {
		r.kind = FIND_GITLAB;
		gitlab_read(&r, docs);
	} else {
		for (d = docs; d != NULL; d = d->next)
			read_as(run, &r, f->kind, d->doc);
	}
	run_free_docs(docs);
	run_unload(run);
	if (r.rc == 0 && why.kind != ERR_NONE)
		r.rc = refuse(run, f, text, &why, e);
	return r.rc;
}

int reader_file(struct run *run, struct run_file *f, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(0);
	int rc = run_text(run, f, &text, e);

	if (rc <= 0)
		return rc;
	run->now = f;
	if (f->kind == KIND_LIST) {
		struct reading r = run_reading(run, FIND_LIST, f, buf_view(&text), e);

		run->d->files++;
		imagelines_read(&r);
		return r.rc;
	}
	if (!may_name(f->kind, buf_view(&text)))
		return 0;
	if (f->kind == KIND_JSON || f->kind == KIND_DEVCONTAINER)
		jsonc_blank(text.p, text.n);
	run->d->files++;
	return read_yaml(run, f, buf_view(&text), e);
}
