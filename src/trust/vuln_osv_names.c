/*
 * vuln_osv_names.c - which of an advisory's ids are names of one thing. No state.
 */
#include "trust/vuln_osv_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void vuln_osv_names_done(struct vuln_osv_names *n)
{
	free(n->same.id);
	free(n->upstream.id);
}

static void add_name(struct vuln_ids *names, const char *id)
{
	if (id != NULL && names->n < VULN_MAX_IDS && vuln_id_ok(view_of(id)))
		names->id[names->n++] = id;
}

static void add_list(struct vuln_ids *names, const struct json *list)
{
	size_t i;

	for (i = 0; i < json_len(list); i++)
		add_name(names, json_str(json_at(list, i)));
}

static bool is_cve(const char *id)
{
	return id != NULL && strncmp(id, "CVE-", 4) == 0;
}

static size_t room_for(size_t n)
{
	return (n < VULN_MAX_IDS ? n : VULN_MAX_IDS) * sizeof(char *);
}

void vuln_osv_names_read(const struct json *doc, bool of_system,
			 struct vuln_osv_names *out)
{
	const struct json *aliases = json_get(doc, "aliases");
	const struct json *upstream = json_get(doc, "upstream");
	const struct json *related = json_get(doc, "related");
	size_t i, cves = 0;

	*out = (struct vuln_osv_names){ 0 };
	out->same.id = mem_alloc(room_for(1 + json_len(aliases)));
	out->upstream.id = mem_alloc(room_for(json_len(upstream) + json_len(related)));
	add_name(&out->same, json_get_str(doc, "id"));
	add_list(&out->same, aliases);
	add_list(&out->upstream, upstream);
	/* AlmaLinux and Rocky Linux have them there. */
	for (i = 0; of_system && out->same.n == 1 && i < json_len(related); i++)
		if (is_cve(json_str(json_at(related, i))) && !is_cve(out->same.id[0]))
			add_name(&out->upstream, json_str(json_at(related, i)));
	for (i = 0; i < out->upstream.n; i++)
		cves += is_cve(out->upstream.id[i]);
	out->several = out->upstream.n > 1 && cves != 1;
	/* "UBUNTU-CVE-2026-1" beside "CVE-2026-1" is no other one. */
	for (i = out->upstream.n; out->several && cves > 0 && i-- > 0;)
		if (strstr(out->upstream.id[i], "-CVE-") != NULL)
			out->upstream.id[i] = out->upstream.id[--out->upstream.n];
}

int vuln_osv_names_say(struct vuln *v, const struct vuln_verdict *d,
		       const struct vuln_osv_names *names, struct err *e)
{
	CLEANUP(mem_freep)
	const char **id =
		mem_alloc((1 + names->same.n + names->upstream.n) * sizeof(*id));
	struct vuln_verdict one = *d;
	size_t i, n = 0;

	one.id = id;
	if (names->several) {
		memcpy(id + 1, names->same.id, names->same.n * sizeof(*id));
		for (i = 0; i < names->upstream.n; i++) {
			id[0] = names->upstream.id[i];
			one.nids = 1 + names->same.n;
			one.nsame = 1;
			if (vuln_say(v, &one, e) != 0)
				return -1;
		}
		return 0;
	}
	for (i = 0; i < names->same.n; i++)
		id[n++] = names->same.id[i];
	for (i = 0; i < names->upstream.n; i++)
		id[n++] = names->upstream.id[i];
	one.nids = one.nsame = n;
	return vuln_say(v, &one, e);
}

/* Distributions publish what mends bugs, or brings something new, the same way. */
bool vuln_osv_names_is_erratum(const struct vuln_osv_names *names)
{
	static const char *const others[] = { "ALBA-",	  "ALEA-",    "RLBA-",
					      "RLEA-",	  "RHBA-",    "RHEA-",
					      "SUSE-RU-", "SUSE-FU-", "SUSE-OU-" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(others); i++)
		if (strncmp(names->same.id[0], others[i], strlen(others[i])) == 0)
			return names->same.n == 1 && names->upstream.n == 0;
	return false;
}
