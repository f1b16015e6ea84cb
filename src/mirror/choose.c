/*
 * choose.c - by platform, through platform_match.
 */
#include "mirror/choose.h"

#include <stdio.h>
#include <string.h>

void choice_done(struct choice *c)
{
	stored_unref(c->manifest);
	manifest_done(&c->parsed);
	*c = (struct choice){ 0 };
}

static int load(struct store *s, const struct reponame *from, const struct digest *d,
		struct choice *out, struct err *e)
{
	struct choice c = { 0 };

	if (mstore_get(s, from, d, &c.manifest, e) != 0)
		return -1;
	if (manifest_parse((struct view){ c.manifest->body, c.manifest->n }, &c.parsed,
			   e) != 0) {
		stored_unref(c.manifest);
		return -1;
	}
	if (c.parsed.kind == MANIFEST_OLD) {
		choice_done(&c);
		return err_set(
			e, ERR_INVALID,
			"its manifest is of the old form (schema 1), which current "
			"engines and registries refuse");
	}
	*out = c;
	return 0;
}

/* arm/v7 runs v6 and v5 too; entries without a variant are taken last. */
static const struct child *match_older(const struct manifest *index, struct platform want)
{
	const struct child *found;
	char n = want.variant[0] == 'v' ? want.variant[1] : '\0';

	if (strcmp(want.arch, "arm") != 0)
		return NULL;
	while (n > '5' && n <= '8') {
		snprintf(want.variant, sizeof(want.variant), "v%c", --n);
		found = manifest_platform(index, &want);
		if (found != NULL)
			return found;
	}
	want.variant[0] = '\0';
	found = manifest_platform(index, &want);
	return found != NULL && found->platform.variant[0] == '\0' ? found : NULL;
}

static int none(const struct manifest *index, const struct platform *want, struct err *e)
{
	char wanted[100], one[100], all[200] = "";
	size_t i, n = 0;

	platform_text(want, wanted);
	for (i = 0; i < index->nchildren; i++) {
		const struct child *c = &index->child[i];

		platform_text(&c->platform, one);
		if (!c->is_manifest || c->is_attestation ||
		    n + strlen(one) + 3 > sizeof(all))
			continue;
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n ? ", " : "",
				      one);
	}
	return err_set(e, ERR_NOT_FOUND, "there is no %s in it; it has %s", wanted,
		       n > 0 ? all : "no platform at all");
}

int choose_manifest(struct store *s, const struct reponame *from, const struct digest *d,
		    const struct platform *platform, struct choice *out, struct err *e)
{
	struct choice top = { 0 }, c = { 0 };
	const struct child *entry;
	char wanted[100];
	int rc;

	if (load(s, from, d, &top, e) != 0)
		return -1;
	if (top.parsed.kind == MANIFEST_IMAGE) {
		*out = top;
		return 0;
	}
	entry = manifest_platform(&top.parsed, platform);
	if (entry == NULL)
		entry = match_older(&top.parsed, *platform);
	rc = entry != NULL ? load(s, from, &entry->digest, &c, e)
			   : none(&top.parsed, platform, e);
	platform_text(platform, wanted);
	if (rc != 0 && entry != NULL)
		err_add(e, "its manifest for %s", wanted);
	if (rc == 0 && c.parsed.kind != MANIFEST_IMAGE) {
		choice_done(&c);
		rc = err_set(e, ERR_INVALID, "its entry for %s is not one image", wanted);
	}
	if (rc == 0)
		*out = c;
	choice_done(&top);
	return rc;
}
