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

/* Distributions put a word before: "UBUNTU-CVE-2026-1" is what Ubuntu says of it. NULL:
 * it is of none. */
static const char *cve_in(const char *id)
{
	const char *at = id != NULL && !is_cve(id) ? strstr(id, "-CVE-") : NULL;

	return at != NULL ? at + 1 : is_cve(id) ? id : NULL;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each once, sorted; a CVE by its own name. */
static void make_plain(struct vuln_ids *names)
{
	size_t i, n = 0;

	for (i = 0; i < names->n; i++)
		if (cve_in(names->id[i]) != NULL)
			names->id[i] = cve_in(names->id[i]);
	if (names->n > 0)
		qsort(names->id, names->n, sizeof(*names->id), compare_ids);
	for (i = 0; i < names->n; i++)
		if (n == 0 || strcmp(names->id[i], names->id[n - 1]) != 0)
			names->id[n++] = names->id[i];
	names->n = n;
}

static void make_room(struct vuln_ids *names, size_t n)
{
	names->id = mem_alloc((n < VULN_MAX_IDS ? n : VULN_MAX_IDS) * sizeof(char *));
}

void vuln_osv_names_read(const struct json *doc, bool of_system,
			 struct vuln_osv_names *out)
{
	const struct json *aliases = json_get(doc, "aliases");
	const struct json *upstream = json_get(doc, "upstream");
	const struct json *related = json_get(doc, "related");
	const char *id = json_get_str(doc, "id");
	size_t i, cves = 0;

	*out = (struct vuln_osv_names){ 0 };
	make_room(&out->same, 2 + json_len(aliases));
	make_room(&out->upstream, json_len(upstream) + json_len(related));
	add_name(&out->same, id);
	add_list(&out->same, aliases);
	add_list(&out->upstream, upstream);
	/* AlmaLinux and Rocky Linux have them there. */
	for (i = 0; of_system && json_len(aliases) == 0 && cve_in(id) == NULL &&
		    i < json_len(related);
	     i++)
		if (is_cve(json_str(json_at(related, i))))
			add_name(&out->upstream, json_str(json_at(related, i)));
	if (of_system && !is_cve(id))
		add_name(&out->same, cve_in(id));
	make_plain(&out->upstream);
	for (i = 0; i < out->upstream.n; i++)
		cves += is_cve(out->upstream.id[i]);
	out->several = out->upstream.n > 1 && cves != 1;
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
