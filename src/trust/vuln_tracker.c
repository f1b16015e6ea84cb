/*
 * vuln_tracker.c - a walk through the file, looking closer at the packages that images
 * have.
 */
#include "trust/vuln_tracker.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/jsonwalk.h"
#include "trust/vuln_data.h"
#include "trust/vuln_impl.h"

/* So many vulnerabilities of other packages are looked at, to learn which releases there
 * are data of. */
#define LOOKS 2000

struct reading {
	struct vuln *v;
	struct vuln_count *count;
	int fd;
	uint64_t at;
	unsigned looks;
};

static int on_read(void *arg, void *p, size_t room, size_t *n, struct err *e)
{
	struct reading *r = arg;

	if (fs_pread(r->fd, p, room, r->at, n, e) != 0)
		return -1;
	r->at += *n;
	return 0;
}

static bool on_want(void *arg, const char *outer)
{
	struct reading *r = arg;

	return r->looks < LOOKS || vuln_lookup(r->v, PACKAGE_DEB, outer) != NULL;
}

/* The images whose release this is have data. */
static void saw(struct vuln *v, const struct json *releases)
{
	size_t i;

	for (i = 0; i < v->nimages; i++) {
		struct vuln_of_image *im = &v->image[i];

		if (!im->out.has_system && im->codename[0] != '\0' &&
		    json_is_object(json_get(releases, im->codename)))
			im->out.has_system = true;
	}
}

static void set_state(struct vuln_verdict *d, const struct vuln_unit *u,
		      const struct json *release)
{
	const char *status = json_get_str(release, "status");
	const char *fixed = json_get_str(release, "fixed_version");

	d->state = VERDICT_AFFECTED;
	if (status != NULL && strcmp(status, "undetermined") == 0) {
		d->state = VERDICT_UNDETERMINED;
	} else if (status != NULL && strcmp(status, "resolved") == 0) {
		if (fixed == NULL || strcmp(fixed, "0") == 0 ||
		    version_compare(VERSION_DEB, u->version, fixed) >= 0)
			d->state = VERDICT_CLEAR;
		else
			d->fixed = fixed;
	}
}

static void set_rating(struct vuln_rating *r, const char *urgency)
{
	r->score = -1;
	if (urgency == NULL)
		return;
	r->severity = vuln_severity_of(urgency);
	if (strncmp(urgency, "unimportant", 11) == 0)
		r->grade = GRADE_OWN;
	else if (r->severity != VULN_UNKNOWN)
		r->grade = GRADE_URGENCY;
}

static int say(struct reading *r, size_t unit, const char *id, const struct json *release,
	       struct err *e)
{
	const struct vuln_unit *u = &r->v->unit[unit];
	const char *nodsa = json_get_str(release, "nodsa");
	const char *reason = json_get_str(release, "nodsa_reason");
	const char *urgency = json_get_str(release, "urgency");
	char note[256] = "";
	struct vuln_verdict d = { .unit = unit,
				  .source = VULN_TRACKER,
				  .fixed = "",
				  .note = note,
				  .id = &id,
				  .nids = 1,
				  .nsame = 1 };

	set_state(&d, u, release);
	set_rating(&d.rating, urgency);
	if (d.state != VERDICT_CLEAR && nodsa != NULL)
		snprintf(note, sizeof(note), "no DSA%s%s: %s",
			 reason != NULL && reason[0] != '\0' ? ", " : "",
			 reason != NULL ? reason : "", nodsa);
	else if (d.state != VERDICT_CLEAR && urgency != NULL &&
		 strcmp(urgency, "end-of-life") == 0)
		snprintf(note, sizeof(note), "end of life: it will not be fixed");
	return vuln_say(r->v, &d, e);
}

static int on_member(void *arg, const char *outer, const char *key, struct view value,
		     struct err *e)
{
	struct reading *r = arg;
	const struct vuln_named *units = vuln_lookup(r->v, PACKAGE_DEB, outer);
	CLEANUP(json_freep)
	struct json *doc = NULL;
	const struct json *releases;
	size_t i;

	if (units == NULL && r->looks >= LOOKS)
		return 0;
	r->looks += units == NULL;
	r->count->records++;
	doc = json_parse(value, NULL);
	releases = json_get(doc, "releases");
	if (json_is_array(releases) && json_len(releases) == 0)
		return 0; /* as it once wrote that there are none */
	if (!json_is_object(releases) || !vuln_id_ok(view_of(key))) {
		r->count->broken++;
		return 0;
	}
	saw(r->v, releases);
	for (i = 0; units != NULL && i < units->n; i++) {
		const struct vuln_unit *u = &r->v->unit[units->unit[i]];
		const char *codename = r->v->image[u->image].codename;
		const struct json *release =
			codename[0] != '\0' ? json_get(releases, codename) : NULL;

		if (json_is_object(release) &&
		    say(r, units->unit[i], key, release, e) != 0)
			return -1;
	}
	return 0;
}

int vuln_tracker_read(struct vuln *v, int fd, struct vuln_count *count, struct err *e)
{
	struct reading r = { .v = v, .count = count, .fd = fd };
	struct jsonwalk w = {
		.read = on_read, .want = on_want, .member = on_member, .arg = &r
	};
	int rc = jsonwalk_run(&w, e);

	count->broken += w.passed_over;
	return rc;
}
