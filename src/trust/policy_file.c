/*
 * policy_file.c - from YAML to policy_specs. One table has the words and what they take.
 */
#include "trust/policy_file.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "codec/yaml.h"
#include "oci/pattern.h"

#define TEXTS_MAX 4096 /* names of files, identities, in the whole file */

/* What a policy points to while it is read. */
struct reading {
	const char *folder;
	char **text; /* owned */
	size_t ntexts;
	void **list; /* owned arrays */
	size_t nlists;
};

static void reading_done(struct reading *r)
{
	size_t i;

	for (i = 0; i < r->ntexts; i++)
		free(r->text[i]);
	for (i = 0; i < r->nlists; i++)
		free(r->list[i]);
	free(r->text);
	free(r->list);
}

static void *keep_list(struct reading *r, size_t bytes)
{
	r->list = mem_grow(r->list, (r->nlists + 1) * sizeof(*r->list));
	return r->list[r->nlists++] = mem_alloc(bytes + 1);
}

static const char *keep_text(struct reading *r, const char *folder, const char *text)
{
	size_t n = strlen(folder) + strlen(text) + 2;
	char *copy = mem_alloc(n);

	snprintf(copy, n, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", text);
	r->text = mem_grow(r->text, (r->ntexts + 1) * sizeof(*r->text));
	return r->text[r->ntexts++] = copy;
}

static int bad(const struct yaml *y, struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID, "line %d: %s%s%s", y->line,
		       y->key != NULL ? y->key : "", y->key != NULL ? ": " : "", what);
}

enum word_kind {
	WORD_PATTERN,
	WORD_MODE,
	WORD_FILE,
	WORD_FILES,
	WORD_TEXTS,
	WORD_IDS,
	WORD_BOOL
};

#define AT(field) offsetof(struct policy_spec, field)

static const struct word {
	const char *name;
	enum word_kind kind;
	size_t at, count;
} words[] = {
	{ "images", WORD_PATTERN, AT(images), 0 },
	{ "mode", WORD_MODE, AT(mode), 0 },
	{ "keys", WORD_FILES, AT(key), AT(nkeys) },
	{ "identities", WORD_IDS, AT(identity), AT(nidentities) },
	{ "trust-root", WORD_FILE, AT(trust_root), 0 },
	{ "ca", WORD_FILES, AT(ca), AT(nca) },
	{ "log-keys", WORD_FILES, AT(log_key), AT(nlog_keys) },
	{ "need-log", WORD_BOOL, AT(need_log), 0 },
	{ "notation-ca", WORD_FILES, AT(notation_ca), AT(nnotation_ca) },
	{ "notation-identities", WORD_TEXTS, AT(notation_identity),
	  AT(nnotation_identities) },
	{ "attestations", WORD_TEXTS, AT(attestation), AT(nattestations) },
};

static const char *text_of(struct reading *r, const struct yaml *y, bool path,
			   struct err *e)
{
	if (y->kind != YAML_SCALAR || y->text[0] == '\0') {
		bad(y, e, "a text belongs here");
		return NULL;
	}
	if (r->ntexts >= TEXTS_MAX) {
		bad(y, e, "there are too many names in this file");
		return NULL;
	}
	return keep_text(r, path && y->text[0] != '/' ? r->folder : "", y->text);
}

static size_t length(const struct yaml *list)
{
	const struct yaml *one;
	size_t n = 0;

	for (one = list->child; one != NULL; one = one->next)
		n++;
	return n;
}

/* A list, or one text that stands for a list of one. */
static int texts(struct reading *r, const struct yaml *y, bool path,
		 const char *const **out, size_t *n, struct err *e)
{
	const struct yaml *one = y->kind == YAML_LIST ? y->child : y;
	size_t i, most = y->kind == YAML_LIST ? length(y) : 1;
	const char **list;

	if (most > POLICY_MAX_FILES)
		return bad(y, e, "at most 64 may be named");
	list = keep_list(r, most * sizeof(*list));
	for (i = 0; i < most; i++, one = one->next) {
		list[i] = text_of(r, one, path, e);
		if (list[i] == NULL)
			return -1;
	}
	*out = list;
	*n = most;
	return 0;
}

static int identity(struct reading *r, const struct yaml *y,
		    struct policy_identity_spec *out, struct err *e)
{
	const struct yaml *one;

	if (y->kind != YAML_MAP)
		return bad(y, e, "an identity has an issuer and a subject");
	for (one = y->child; one != NULL; one = one->next) {
		const char **to = strcmp(one->key, "issuer") == 0    ? &out->issuer
				  : strcmp(one->key, "subject") == 0 ? &out->subject
								     : NULL;

		if (to == NULL)
			return bad(one, e, "an identity has an issuer and a subject");
		*to = text_of(r, one, false, e);
		if (*to == NULL)
			return -1;
	}
	if (out->issuer == NULL || out->subject == NULL)
		return bad(y, e, "an identity has an issuer and a subject");
	return 0;
}

static int identities(struct reading *r, const struct yaml *y, struct policy_spec *out,
		      struct err *e)
{
	struct policy_identity_spec *list;
	const struct yaml *one;
	size_t n = y->kind == YAML_LIST ? length(y) : 0, i = 0;

	if (y->kind != YAML_LIST || n > POLICY_MAX_IDENTITIES)
		return bad(y, e,
			   "a list of at most 64 belongs here, each with an issuer and "
			   "a subject");
	list = keep_list(r, n * sizeof(*list));
	for (one = y->child; one != NULL; one = one->next)
		if (identity(r, one, &list[i++], e) != 0)
			return -1;
	out->identity = list;
	out->nidentities = n;
	return 0;
}

static int boolean(const struct yaml *y, bool *out, struct err *e)
{
	if (y->kind != YAML_SCALAR ||
	    (strcmp(y->text, "true") != 0 && strcmp(y->text, "false") != 0))
		return bad(y, e, "true or false belongs here");
	*out = strcmp(y->text, "true") == 0;
	return 0;
}

static int value(struct reading *r, const struct word *w, const struct yaml *y,
		 struct policy_spec *out, struct err *e)
{
	char *base = (char *)out;
	const char *text;
	struct err why;

	switch (w->kind) {
	case WORD_FILES:
	case WORD_TEXTS:
		return texts(r, y, w->kind == WORD_FILES,
			     (const char *const **)(void *)(base + w->at),
			     (size_t *)(void *)(base + w->count), e);
	case WORD_IDS:
		return identities(r, y, out, e);
	case WORD_BOOL:
		return boolean(y, (bool *)(base + w->at), e);
	default:
		break;
	}
	text = text_of(r, y, w->kind == WORD_FILE, e);
	if (text == NULL)
		return -1;
	if (w->kind == WORD_MODE)
		return policy_mode_parse(text, &out->mode, &why) == 0
			       ? 0
			       : bad(y, e, why.msg);
	if (w->kind == WORD_PATTERN && pattern_check(text, &why) != 0)
		return bad(y, e, why.msg);
	*(const char **)(void *)(base + w->at) = text;
	return 0;
}

static int policy(struct reading *r, const struct yaml *y, struct policy_spec *out,
		  struct err *e)
{
	const struct yaml *one;
	bool has_mode = false;
	size_t i;

	if (y->kind != YAML_MAP)
		return bad(y, e, "a policy is a map of images, mode, keys and so on");
	for (one = y->child; one != NULL; one = one->next) {
		for (i = 0; i < ARRAY_LEN(words); i++)
			if (strcmp(words[i].name, one->key) == 0)
				break;
		if (i == ARRAY_LEN(words))
			return bad(
				one, e,
				"a policy has no such word; there are images, mode, "
				"keys, identities, trust-root, ca, log-keys, need-log, "
				"notation-ca and notation-identities");
		if (value(r, &words[i], one, out, e) != 0)
			return -1;
		has_mode = has_mode || words[i].kind == WORD_MODE;
	}
	if (!has_mode)
		return bad(y, e, "a policy needs a mode: require, warn or off");
	return 0;
}

static int policies(struct reading *r, const struct yaml *y, struct policy_spec **spec,
		    size_t *n, struct err *e)
{
	const struct yaml *one;
	size_t i = 0;

	if (y->kind != YAML_LIST || length(y) > POLICY_MAX)
		return bad(y, e, "a list of at most 256 policies belongs here");
	*n = length(y);
	*spec = keep_list(r, *n * sizeof(**spec));
	for (one = y->child; one != NULL; one = one->next)
		if (policy(r, one, &(*spec)[i++], e) != 0)
			return -1;
	return 0;
}

static int signer_names(const struct yaml *y, struct buf *out, struct err *e)
{
	const struct yaml *one;

	if (y->kind != YAML_LIST)
		return bad(y, e, "a list of users belongs here");
	for (one = y->child; one != NULL; one = one->next) {
		if (one->kind != YAML_SCALAR || one->text[0] == '\0')
			return bad(one, e, "a user's name belongs here");
		if (buf_add(out, one->text, strlen(one->text) + 1) != 0)
			return bad(one, e, "there are too many signers");
	}
	return 0;
}

static int top(struct reading *r, const struct yaml *y, struct buf *signers,
	       struct policy_spec **spec, size_t *n, struct err *e)
{
	const struct yaml *one;
	int rc = 0;

	if (y->kind != YAML_MAP)
		return bad(
			y, e,
			"the file has \"policies:\", a list, and perhaps \"signers:\"");
	for (one = y->child; rc == 0 && one != NULL; one = one->next) {
		if (strcmp(one->key, "policies") == 0)
			rc = policies(r, one, spec, n, e);
		else if (strcmp(one->key, "signers") == 0)
			rc = signer_names(one, signers, e);
		else
			rc = bad(one, e, "there are only \"policies\" and \"signers\"");
	}
	if (rc == 0 && yaml_get(y, "policies") == NULL)
		rc = bad(y, e, "\"policies:\" is missing");
	return rc;
}

int policy_file_parse(struct view text, const char *folder, struct buf *signers,
		      int (*use)(void *arg, const struct policy_spec *spec, size_t n,
				 struct err *e),
		      void *arg, struct err *e)
{
	CLEANUP(reading_done)
	struct reading r = { .folder = folder };
	CLEANUP(yaml_freep)
	struct yaml *y = yaml_parse(text, e);
	struct policy_spec *spec = NULL;
	size_t n = 0;

	if (y == NULL || top(&r, y, signers, &spec, &n, e) != 0)
		return -1;
	return use(arg, spec, n, e);
}

static int load(void *arg, const struct policy_spec *spec, size_t n, struct err *e)
{
	return policies_load(spec, n, arg, e);
}

void policy_file_done(struct policy_file *f)
{
	policies_unref(f->policies);
	buf_done(&f->signers);
	*f = (struct policy_file){ 0 };
}

int policy_file_read(const char *path, struct policy_file *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(POLICY_FILE_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf signers = BUF_INIT(64u << 10);
	CLEANUP(mem_freep)
	char *folder = mem_dup(path);
	struct policies *loaded;
	char *slash = strrchr(folder, '/');

	if (slash == NULL)
		folder[0] = '\0';
	else
		slash[slash == folder] = '\0';
	if (fs_read(AT_FDCWD, path, &text, e) != 0 ||
	    policy_file_parse(buf_view(&text), folder, &signers, load, &loaded, e) != 0)
		return err_add(e, "%s", path);
	out->policies = loaded;
	out->signers = signers;
	buf_init(&signers, 1);
	return 0;
}
