/* discover/: the readers of all other kinds. The first byte says which. */
#include "fuzz.h"

#include "base/mem.h"
#include "discover/compose.h"
#include "discover/devcontainer.h"
#include "discover/github.h"
#include "discover/gitlab.h"
#include "discover/helm.h"
#include "discover/imagelines.h"
#include "discover/jsonc.h"
#include "discover/kubernetes.h"
#include "discover/skaffold.h"
#include "discover/tekton.h"

static void (*const by_kind[])(struct reading *r, const struct yaml *doc) = {
	compose_read,	 kubernetes_read, kubernetes_kustomize, tekton_read,
	github_workflow, github_action,	  devcontainer_read,	skaffold_read,
};

static void read_gitlab(struct reading *r, struct view text)
{
	struct yaml_reader reader = { .text = text };
	struct reading_doc docs[4] = { 0 };
	size_t n = 0;

	while (n < 4 && yaml_next(&reader, &docs[n].doc, NULL) > 0) {
		docs[n].file = "f";
		if (n > 0)
			docs[n - 1].next = &docs[n];
		n++;
	}
	if (n > 0)
		gitlab_read(r, docs);
	while (n > 0)
		yaml_free(docs[--n].doc);
}

/* Values, then a template, which follows a line of "===". */
static void read_helm(struct reading *r, struct view text)
{
	const char *cut = memmem(text.p, text.n, "===\n", 4);
	struct yaml_reader reader = { .text = text };
	struct helm h = { 0 };
	struct yaml *doc = NULL;

	if (cut == NULL)
		return;
	reader.text.n = (size_t)(cut - text.p);
	h.template = mem_alloc(sizeof(*h.template));
	h.template[0].file = "t";
	h.template[0].text = (struct view){ cut + 4, text.n - reader.text.n - 4 };
	h.templates = 1;
	if (yaml_next(&reader, &doc, NULL) > 0)
		h.values = h.chart = doc;
	helm_template_tags(&h);
	if (h.values != NULL)
		helm_values(&h, r, doc);
	r->text = h.template[0].text;
	helm_template(&h, r);
	r->text = text;
	helm_end(&h, r);
	helm_done(&h);
	yaml_free((struct yaml *)h.values);
	free(h.template);
}

static void read_documents(struct reading *r, unsigned kind)
{
	struct yaml_reader text = { .text = r->text };
	struct yaml *doc;
	int rc;

	while ((rc = yaml_next(&text, &doc, NULL)) != 0)
		if (rc > 0) {
			by_kind[kind](r, doc);
			yaml_free(doc);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct finds l = { 0 };
	struct builds builds = { 0 };
	struct vars made = { 0 };
	struct err e = { 0 };
	CLEANUP(mem_freep)
	char *copy = NULL;
	struct reading r = { .kind = FIND_OTHER,
			     .file = "f",
			     .finds = &l,
			     .builds = &builds,
			     .made = &made,
			     .e = &e };
	unsigned kind;
	size_t i;

	if (size < 2)
		return 0;
	copy = mem_dupn((const char *)data + 1, size - 1);
	kind = data[0] % (ARRAY_LEN(by_kind) + 4);
	if (kind == 6)
		jsonc_blank(copy, size - 1);
	r.text = (struct view){ copy, size - 1 };
	if (kind == ARRAY_LEN(by_kind))
		read_gitlab(&r, r.text);
	else if (kind == ARRAY_LEN(by_kind) + 1)
		read_helm(&r, r.text);
	else if (kind == ARRAY_LEN(by_kind) + 2)
		imagelines_read(&r);
	else if (kind == ARRAY_LEN(by_kind) + 3)
		compose_dotenv(&r, r.text);
	else
		read_documents(&r, kind);
	CHECK(r.rc == 0 || e.kind == ERR_LIMIT);
	for (i = 0; i < l.n; i++) {
		CHECK((l.v[i]->image[0] == '\0') == (l.v[i]->why[0] != '\0'));
		CHECK(l.v[i]->off <= r.text.n);
	}
	finds_settle(&l);
	finds_done(&l);
	builds_done(&builds);
	vars_done(&made);
	vars_done(&r.beside);
	return 0;
}
