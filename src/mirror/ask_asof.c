/*
 * ask_asof.c - from a tag and a time to a digest, then as any digest. No state.
 */
#include "mirror/ask_asof.h"

#include "base/mem.h"
#include "codec/httpdate.h"
#include "mirror/mirror_impl.h"
#include "store/history.h"

enum answer ask_asof(struct mirror *m, const struct route *r, const struct reference *ref,
		     int64_t wall_ms, struct visit *v, struct found_manifest *out,
		     struct err *e)
{
	struct reference was = { .is_digest = true };
	char digest[DIGEST_TEXT_MAX], when[24];
	enum answer answer;

	if (ref->is_digest)
		return ask_manifest(m, r, ref, v, out, e);
	if (history_resolve(m->store, &r->name, ref->tag, wall_ms, &was.digest, e) != 0)
		return ANSWER_FAILED;
	answer = ask_manifest(m, r, &was, v, out, e);
	if (answer == ANSWER_FAILED) {
		digest_text(&was.digest, digest);
		httpdate_format_iso(wall_ms / 1000, when);
		err_add(e, "%s:%s, which at %s was %.19s", r->name.s, ref->tag, when,
			digest);
	}
	return answer;
}
