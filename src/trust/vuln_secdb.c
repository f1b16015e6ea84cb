/*
 * vuln_secdb.c - one document, package by package.
 */
#include "trust/vuln_secdb.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trust/vuln_data.h"
#include "trust/vuln_impl.h"
#include "trust/vuln_system.h"

#define MAX_WORDS 64 /* of one entry; the rest is left out */

bool vuln_secdb_is(const struct json *doc)
{
	const struct json *packages = json_get(doc, "packages");

	/* null: the repository has none yet */
	return packages != NULL && (json_is_array(packages) || json_is_null(packages)) &&
	       (json_get_str(doc, "distroversion") != NULL ||
		json_get_str(doc, "reponame") != NULL);
}

/* "v3.21" and "edge" are Alpine's. Those that have no releases say by their URL whose
 * they are. */
static int ecosystem_of(const struct json *doc, char out[192], struct err *e)
{
	static const struct {
		const char *host, *ecosystem;
	} rolling[] = {
		{ "//packages.wolfi.dev", "Wolfi" },
		{ "//packages.cgr.dev", "Chainguard" },
		{ "//packages.mini.dev", "MinimOS" },
	};
	const char *version = json_get_str(doc, "distroversion");
	const char *url = json_get_str(doc, "urlprefix");
	size_t i;

	for (i = 0; url != NULL && i < ARRAY_LEN(rolling); i++)
		if (strstr(url, rolling[i].host) != NULL) {
			snprintf(out, 192, "%s", rolling[i].ecosystem);
			return 0;
		}
	if (version == NULL || (version[0] != 'v' && strcmp(version, "edge") != 0))
		return err_set(e, ERR_INVALID,
			       "it does not say of which release of Alpine it is "
			       "(distroversion), and its urlprefix is not that of Wolfi, "
			       "Chainguard or MinimOS");
	snprintf(out, 192, "Alpine:%.60s", version);
	return 0;
}

/* The names in one entry; what is no name ("(+", "regression)") is left out. */
static size_t split(struct view entry, char id[][VULN_ID_MAX], size_t room)
{
	struct view word;
	size_t n = 0;

	while (n < room && (word = view_word(&entry)).n > 0)
		if (vuln_id_ok(word) && memchr(word.p, '-', word.n) != NULL)
			snprintf(id[n++], VULN_ID_MAX, "%.*s", (int)word.n, word.p);
	return n;
}

/* What is said of one thing, whose names the first nsame of ids are. */
static int say_one(struct vuln *v, const struct vuln_named *units, const char *ecosystem,
		   const char **ids, size_t n, size_t nsame, const char *fix,
		   struct err *e)
{
	bool never = strcmp(fix, "0") == 0;
	size_t i;

	for (i = 0; i < units->n; i++) {
		const struct vuln_unit *u = &v->unit[units->unit[i]];
		struct vuln_verdict d = { .unit = units->unit[i],
					  .source = VULN_SECDB,
					  .rating.score = -1,
					  .fixed = "",
					  .note = "",
					  .id = ids,
					  .nids = n,
					  .nsame = nsame };

		if (!vuln_system_is(v->image[u->image].out.system, ecosystem))
			continue;
		d.state = !never && version_compare(VERSION_APK, u->version, fix) < 0
				  ? VERDICT_AFFECTED
				  : VERDICT_CLEAR;
		if (d.state == VERDICT_AFFECTED)
			d.fixed = fix;
		if (vuln_say(v, &d, e) != 0)
			return -1;
	}
	return 0;
}

static bool is_cve(const char *id)
{
	return strncmp(id, "CVE-", 4) == 0;
}

/* One entry. "CVE-2017-10913 XSA-218" is a vulnerability and an advisory, which may be
 * about others as well; "CVE-2018-3620 CVE-2018-3646 XSA-273" are two. 1: there is no
 * name in it. */
static int say(struct vuln *v, const struct vuln_named *units, const char *ecosystem,
	       const char *entry, const char *fix, struct err *e)
{
	char id[MAX_WORDS][VULN_ID_MAX];
	const char *ids[MAX_WORDS + 1];
	size_t i, cves = 0, others = 1, n = split(view_of(entry), id, MAX_WORDS);

	if (n == 0)
		return 1;
	for (i = 0; i < n; i++)
		if (is_cve(id[i]))
			cves++;
		else
			ids[others++] = id[i];
	if (cves == 0)
		return say_one(v, units, ecosystem, ids + 1, n, n, fix, e);
	for (i = 0; i < n; i++) {
		ids[0] = id[i];
		if (is_cve(id[i]) &&
		    say_one(v, units, ecosystem, ids, others, 1, fix, e) != 0)
			return -1;
	}
	return 0;
}

/* The last version in which each entry is said to be fixed: an earlier fix of the same
 * was not enough. */
static struct map *last_fixes(const struct json *secfixes, struct vuln_count *count)
{
	struct map *last = map_new(JSON_MAX_VALUES);
	const struct json *list;
	const char *version;
	void *at = NULL;
	size_t i;

	while (json_each(secfixes, &at, &version, &list)) {
		count->broken += !json_is_array(list);
		for (i = 0; i < json_len(list); i++) {
			const char *entry = json_str(json_at(list, i));
			const char *other = entry != NULL ? map_get(last, entry) : NULL;

			count->broken += entry == NULL;
			if (entry != NULL &&
			    (other == NULL ||
			     version_compare(VERSION_APK, version, other) > 0))
				map_put(last, entry, (void *)version);
		}
	}
	return last;
}

static int read_fixes(struct vuln *v, const struct vuln_named *units,
		      const char *ecosystem, const struct json *secfixes,
		      struct vuln_count *count, struct err *e)
{
	struct map *last = last_fixes(secfixes, count);
	const struct json *list;
	const char *version;
	void *at = NULL;
	size_t i;
	int rc = 0;

	while (rc >= 0 && json_each(secfixes, &at, &version, &list))
		for (i = 0; rc >= 0 && i < json_len(list); i++) {
			const char *entry = json_str(json_at(list, i));
			const char *fix = entry != NULL ? map_del(last, entry) : NULL;

			if (fix == NULL) /* it has been said */
				continue;
			rc = say(v, units, ecosystem, entry, fix, e);
			count->broken += rc > 0;
		}
	map_free(last, NULL);
	return rc < 0 ? -1 : 0;
}

int vuln_secdb_read(struct vuln *v, const struct json *doc, struct vuln_count *count,
		    struct err *e)
{
	const struct json *packages = json_get(doc, "packages");
	char ecosystem[192];
	size_t i;

	if (ecosystem_of(doc, ecosystem, e) != 0)
		return -1;
	vuln_saw(v, ecosystem);
	for (i = 0; i < json_len(packages); i++) {
		const struct json *pkg = json_get(json_at(packages, i), "pkg");
		const struct json *secfixes = json_get(pkg, "secfixes");
		const char *name = json_get_str(pkg, "name");
		const struct vuln_named *units;

		count->records++;
		if (name == NULL || !json_is_object(secfixes)) {
			count->broken++;
			continue;
		}
		units = vuln_lookup(v, PACKAGE_APK, name);
		if (units != NULL &&
		    read_fixes(v, units, ecosystem, secfixes, count, e) != 0)
			return -1;
	}
	return 0;
}
