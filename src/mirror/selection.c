/*
 * selection.c - which children of a manifest are wanted. No state.
 */
#include "mirror/selection.h"

#include "base/buf.h"
#include "base/mem.h"

#define SHOWN_BYTES 200 /* of the platforms that there are */

static bool is_wished(const struct platform *have, const struct warm_wish *wish)
{
	size_t i;

	for (i = 0; i < wish->n; i++)
		if (platform_match(have, &wish->platform[i]))
			return true;
	return false;
}

static bool has_platform(const struct child *c)
{
	return c->platform.os[0] != '\0' || c->platform.arch[0] != '\0';
}

/* Is it about an entry that is wished itself? */
static bool is_about_wished(const struct manifest *m, const struct child *c,
			    const struct warm_wish *wish)
{
	size_t i;

	for (i = 0; i < m->nchildren; i++)
		if (!m->child[i].is_attestation &&
		    digest_equal(&m->child[i].digest, &c->about) &&
		    is_wished(&m->child[i].platform, wish))
			return true;
	return false;
}

bool selection_wants(const struct manifest *m, size_t i, const struct warm_wish *wish)
{
	const struct child *c = &m->child[i];

	if (m->kind != MANIFEST_INDEX)
		return !c->is_foreign;
	if (wish->n == 0)
		return true;
	if (c->is_attestation)
		return is_about_wished(m, c, wish);
	return !has_platform(c) || is_wished(&c->platform, wish);
}

int selection_check(const struct manifest *m, const struct warm_wish *wish,
		    const char *name, struct err *e)
{
	CLEANUP(buf_done)
	struct buf there = BUF_INIT(SHOWN_BYTES);
	char text[100];
	size_t i;

	if (m->kind != MANIFEST_INDEX || wish->n == 0)
		return 0;
	for (i = 0; i < m->nchildren; i++) {
		const struct child *c = &m->child[i];

		if (c->is_attestation)
			continue;
		if (selection_wants(m, i, wish))
			return 0;
		platform_text(&c->platform, text);
		buf_addf(&there, "%s%s", there.n > 0 ? ", " : "", text);
	}
	platform_text(&wish->platform[0], text);
	return err_set(e, ERR_NOT_FOUND, "%s is not there for %s%s; there is %s", name,
		       text, wish->n > 1 ? " and the other wished platforms" : "",
		       there.n > 0 ? buf_str(&there) : "nothing");
}
