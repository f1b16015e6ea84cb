/*
 * vuln_osv.c - an advisory, member by member of `affected`. No state.
 */
#include "trust/vuln_osv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/httpdate.h"
#include "trust/cvss.h"
#include "trust/vuln_data.h"
#include "trust/vuln_impl.h"
#include "trust/vuln_system.h"

#define MAX_EVENTS 10000 /* of one range */

/* --- which versions --- */

enum event_kind { EVENT_INTRODUCED, EVENT_FIXED, EVENT_LAST_AFFECTED, EVENT_LIMIT };

struct event {
	enum event_kind kind;
	const char *version;
	size_t at; /* its place in the document */
};

struct range {
	enum version_scheme scheme;
	struct event *event;
	size_t n;
};

/* "0" of `introduced` is before everything. */
static bool is_first(const struct event *ev)
{
	return ev->kind == EVENT_INTRODUCED && strcmp(ev->version, "0") == 0;
}

static int compare_events(const void *a, const void *b, void *arg)
{
	const struct event *x = a, *y = b;
	const struct range *r = arg;
	int order;

	if (is_first(x) != is_first(y))
		return is_first(x) ? -1 : 1;
	order = is_first(x) ? 0 : version_compare(r->scheme, x->version, y->version);
	if (order != 0)
		return order;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* False: it is of no use. */
static bool read_range(const struct json *json, struct range *r)
{
	static const char *const names[] = { "introduced", "fixed", "last_affected",
					     "limit" };
	const struct json *events = json_get(json, "events");
	const char *type = json_get_str(json, "type");
	size_t i, k, n = json_len(events);

	r->n = 0;
	if (type == NULL ||
	    (strcmp(type, "ECOSYSTEM") != 0 && strcmp(type, "SEMVER") != 0) || n == 0 ||
	    n > MAX_EVENTS)
		return false;
	r->event = mem_alloc(n * sizeof(*r->event));
	for (i = 0; i < n; i++)
		for (k = 0; k < ARRAY_LEN(names); k++) {
			const char *text = json_get_str(json_at(events, i), names[k]);

			if (text == NULL)
				continue;
			r->event[r->n] = (struct event){ (enum event_kind)k, text, i };
			r->n++;
			break; /* one a member */
		}
	qsort_r(r->event, r->n, sizeof(*r->event), compare_events, r);
	return true;
}

static bool before_limits(const struct range *r, const char *version)
{
	bool any = false;
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct event *ev = &r->event[i];

		if (ev->kind != EVENT_LIMIT)
			continue;
		any = true;
		if (strcmp(ev->version, "*") == 0 ||
		    version_compare(r->scheme, version, ev->version) < 0)
			return true;
	}
	return !any;
}

static bool in_range(const struct range *r, const char *version)
{
	bool affected = false;
	size_t i;

	if (!before_limits(r, version))
		return false;
	for (i = 0; i < r->n; i++) {
		const struct event *ev = &r->event[i];
		int order = is_first(ev)
				    ? 1
				    : version_compare(r->scheme, version, ev->version);

		if (ev->kind == EVENT_INTRODUCED && order >= 0)
			affected = true;
		else if (ev->kind == EVENT_FIXED && order >= 0)
			affected = false;
		else if (ev->kind == EVENT_LAST_AFFECTED && order > 0)
			affected = false;
	}
	return affected;
}

static void look_for_fix(const struct range *r, const char *version, const char **fixed)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct event *ev = &r->event[i];

		if (ev->kind == EVENT_FIXED &&
		    version_compare(r->scheme, ev->version, version) > 0 &&
		    ((*fixed)[0] == '\0' ||
		     version_compare(r->scheme, ev->version, *fixed) < 0))
			*fixed = ev->version;
	}
}

static bool in_versions(const struct json *versions, const char *version)
{
	size_t i;

	for (i = 0; i < json_len(versions); i++) {
		const char *text = json_str(json_at(versions, i));

		if (text != NULL && strcmp(text, version) == 0)
			return true;
	}
	return false;
}

bool vuln_osv_affects(const struct json *affected, enum version_scheme scheme,
		      const char *version, const char **fixed)
{
	const struct json *ranges = json_get(affected, "ranges");
	bool found = in_versions(json_get(affected, "versions"), version);
	const char *inside = "", *after = "";
	size_t i;

	for (i = 0; i < json_len(ranges); i++) {
		struct range r = { scheme, NULL, 0 };

		if (read_range(json_at(ranges, i), &r)) {
			bool in = in_range(&r, version);

			found |= in;
			look_for_fix(&r, version, in ? &inside : &after);
		}
		free(r.event);
	}
	if (found && fixed != NULL)
		*fixed = inside[0] != '\0' ? inside : after;
	return found;
}

/* --- how bad --- */

static void better(struct vuln_rating *best, enum vuln_grade grade,
		   enum vuln_severity severity, int score)
{
	if (severity != VULN_UNKNOWN && grade > best->grade)
		*best = (struct vuln_rating){ grade, severity, score };
}

/* A list of severities: v3 before v2, since hardly anybody goes on with v2. */
static void rate_list(const struct json *list, struct vuln_rating *best)
{
	struct vuln_rating old = { .score = -1 };
	size_t i;

	for (i = 0; i < json_len(list); i++) {
		const char *type = json_get_str(json_at(list, i), "type");
		const char *text = json_get_str(json_at(list, i), "score");
		bool v2 = type != NULL && strcmp(type, "CVSS_V2") == 0;
		int score;

		if (type == NULL || text == NULL)
			continue;
		if (strcmp(type, "Ubuntu") == 0)
			better(best, GRADE_WORD, vuln_severity_of(text), -1);
		if (strncmp(type, "CVSS_", 5) != 0)
			continue;
		score = cvss_score(text);
		better(v2 ? &old : best, GRADE_SCORE, vuln_severity_of_score(score, v2),
		       score);
	}
	better(best, old.grade, old.severity, old.score);
}

static void rate_words(const struct json *about, struct vuln_rating *best)
{
	const char *word = json_get_str(about, "severity");
	const char *urgency = json_get_str(about, "urgency");

	if (urgency != NULL && strncmp(urgency, "unimportant", 11) == 0)
		better(best, GRADE_FINAL, VULN_NEGLIGIBLE, -1);
	if (word != NULL)
		better(best, GRADE_WORD, vuln_severity_of(word), -1);
	if (urgency != NULL)
		better(best, GRADE_URGENCY, vuln_severity_of(urgency), -1);
}

static struct vuln_rating rate(const struct json *doc, const struct json *affected)
{
	struct vuln_rating best = { .score = -1 };

	rate_list(json_get(affected, "severity"), &best);
	rate_list(json_get(doc, "severity"), &best);
	rate_words(json_get(affected, "ecosystem_specific"), &best);
	rate_words(json_get(affected, "database_specific"), &best);
	rate_words(json_get(doc, "database_specific"), &best);
	return best;
}

/* --- whose it is --- */

struct names {
	const char *id[VULN_MAX_IDS];
	size_t n;
};

static void add_name(struct names *names, const char *id)
{
	if (id != NULL && names->n < VULN_MAX_IDS && vuln_id_ok(view_of(id)))
		names->id[names->n++] = id;
}

static void add_list(struct names *names, const struct json *list)
{
	size_t i;

	for (i = 0; i < json_len(list); i++)
		add_name(names, json_str(json_at(list, i)));
}

/* One that tells of several upstream vulnerabilities, as a DSA does, is about each of
 * them and is none of them. With one CVE among them, the others are more names of it. */
struct naming {
	struct names same; /* id and aliases */
	struct names upstream;
	bool several;
};

static void read_names(const struct json *doc, struct naming *out)
{
	size_t i, cves = 0;

	*out = (struct naming){ 0 };
	add_name(&out->same, json_get_str(doc, "id"));
	add_list(&out->same, json_get(doc, "aliases"));
	add_list(&out->upstream, json_get(doc, "upstream"));
	for (i = 0; i < out->upstream.n; i++)
		cves += strncmp(out->upstream.id[i], "CVE-", 4) == 0;
	out->several = out->upstream.n > 1 && cves != 1;
}

static int say_names(struct vuln *v, const struct vuln_verdict *d,
		     const struct naming *names, struct err *e)
{
	const char *id[2 * VULN_MAX_IDS];
	struct vuln_verdict one = *d;
	size_t i, k, n = 0;

	one.id = id;
	if (names->several) {
		for (i = 0; i < names->upstream.n; i++) {
			id[0] = names->upstream.id[i];
			for (k = 0; k < names->same.n; k++)
				id[1 + k] = names->same.id[k];
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

/* --- the advisory --- */

static int read_affected(struct vuln *v, const struct json *doc,
			 const struct json *affected, const struct naming *names,
			 struct err *e)
{
	const struct json *package = json_get(affected, "package");
	const char *ecosystem = json_get_str(package, "ecosystem");
	const char *name = json_get_str(package, "name");
	const struct vuln_named *units;
	char python[PACKAGE_TEXT_MAX];
	enum package_kind kind;
	size_t i;

	if (ecosystem == NULL || name == NULL || !vuln_system_kind(ecosystem, &kind))
		return 0; /* of something else; a range of commits has no package */
	vuln_saw(v, ecosystem);
	if (kind == PACKAGE_PYTHON) {
		if (!vuln_system_python(name, python, sizeof(python)))
			return 0;
		name = python;
	}
	units = vuln_lookup(v, kind, name);
	for (i = 0; units != NULL && i < units->n; i++) {
		const struct vuln_unit *u = &v->unit[units->unit[i]];
		const struct vuln_image *im = &v->image[u->image].out;
		struct vuln_verdict d = { .unit = units->unit[i],
					  .source = VULN_OSV,
					  .fixed = "",
					  .note = "" };

		if (kind != PACKAGE_PYTHON && !vuln_system_is(im->system, ecosystem))
			continue;
		d.rating = rate(doc, affected);
		if (vuln_osv_affects(affected, package_scheme(kind), u->version,
				     &d.fixed))
			d.state = VERDICT_AFFECTED;
		else if (d.rating.grade == GRADE_NONE)
			continue;
		if (say_names(v, &d, names, e) != 0)
			return -1;
	}
	return 0;
}

bool vuln_osv_is(const struct json *doc)
{
	return json_get_str(doc, "id") != NULL && json_get_str(doc, "modified") != NULL;
}

int vuln_osv_read(struct vuln *v, const struct json *doc, struct vuln_count *count,
		  struct err *e)
{
	const struct json *affected = json_get(doc, "affected");
	const char *id = json_get_str(doc, "id");
	const char *modified = json_get_str(doc, "modified");
	const char *withdrawn = json_get_str(doc, "withdrawn");
	struct naming names;
	int64_t seconds;
	size_t i;

	count->records++;
	if (id == NULL || !vuln_id_ok(view_of(id)) || modified == NULL ||
	    !httpdate_parse(view_of(modified), &seconds)) {
		count->broken++;
		return 0;
	}
	if (seconds * 1000 > count->newest_ms)
		count->newest_ms = seconds * 1000;
	if (withdrawn != NULL) {
		count->withdrawn++;
		return 0;
	}
	read_names(doc, &names);
	for (i = 0; i < json_len(affected); i++)
		if (read_affected(v, doc, json_at(affected, i), &names, e) != 0)
			return -1;
	return 0;
}
