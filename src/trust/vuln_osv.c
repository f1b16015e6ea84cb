/*
 * vuln_osv.c - an advisory, member by member of `affected`. No state.
 */
#include "trust/vuln_osv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/httpdate.h"
#include "trust/vuln_data.h"
#include "trust/vuln_impl.h"
#include "trust/vuln_osv_names.h"
#include "trust/vuln_osv_rate.h"
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

/* Of a build for a module ("18.1-1.module_el8.5.0+71+8f3a675d") what it was built for
 * says nothing of its age: one version is built for several releases, each with its own.
 */
static int order_of(enum version_scheme scheme, const char *a, const char *b)
{
	const char *x, *y;

	if (scheme != VERSION_RPM)
		return version_compare(scheme, a, b);
	a += strncmp(a, "0:", 2) == 0 ? 2 : 0;
	b += strncmp(b, "0:", 2) == 0 ? 2 : 0;
	x = vuln_system_module(a);
	y = vuln_system_module(b);
	if (x != NULL && y != NULL && x - a == y - b &&
	    strncmp(a, b, (size_t)(x - a)) == 0)
		return 0;
	return version_compare(scheme, a, b);
}

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
	order = is_first(x) ? 0 : order_of(r->scheme, x->version, y->version);
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
		    order_of(r->scheme, version, ev->version) < 0)
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
		int order = is_first(ev) ? 1 : order_of(r->scheme, version, ev->version);

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
		    order_of(r->scheme, ev->version, version) > 0 &&
		    ((*fixed)[0] == '\0' || order_of(r->scheme, ev->version, *fixed) < 0))
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

/* --- the advisory --- */

/* A package of a module and one that is none, or the other way round, have nothing to do
 * with each other's versions. */
static bool is_other_stream(const struct json *affected, const char *version)
{
	const struct json *ranges = json_get(affected, "ranges");
	bool ours = vuln_system_module(version) != NULL;
	size_t i, k;

	for (i = 0; i < json_len(ranges); i++) {
		const struct json *events = json_get(json_at(ranges, i), "events");

		for (k = 0; k < json_len(events); k++) {
			const char *fix = json_get_str(json_at(events, k), "fixed");

			if (fix != NULL && (vuln_system_module(fix) != NULL) != ours)
				return true;
		}
	}
	return false;
}

static int read_affected(struct vuln *v, const struct json *doc,
			 const struct json *affected, const struct vuln_osv_names *names,
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
		if (kind == PACKAGE_RPM && is_other_stream(affected, u->version))
			continue;
		d.rating = vuln_osv_rate(doc, affected, kind);
		if (vuln_osv_affects(affected, package_scheme(kind), u->version,
				     &d.fixed))
			d.state = VERDICT_AFFECTED;
		else if (d.rating.grade == GRADE_NONE)
			continue;
		if (vuln_osv_names_say(v, &d, names, e) != 0)
			return -1;
	}
	return 0;
}

static bool is_of_system(const struct json *affected)
{
	enum package_kind kind;
	size_t i;

	for (i = 0; i < json_len(affected); i++) {
		const char *ecosystem = json_get_str(
			json_get(json_at(affected, i), "package"), "ecosystem");

		if (ecosystem != NULL && vuln_system_kind(ecosystem, &kind))
			return kind != PACKAGE_PYTHON;
	}
	return false;
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
	CLEANUP(vuln_osv_names_done)
	struct vuln_osv_names names = { 0 };
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
	vuln_osv_names_read(doc, is_of_system(affected), &names);
	if (vuln_osv_names_is_erratum(&names))
		return 0;
	for (i = 0; i < json_len(affected); i++)
		if (read_affected(v, doc, json_at(affected, i), &names, e) != 0)
			return -1;
	return 0;
}
