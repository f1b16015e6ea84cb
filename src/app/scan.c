/*
 * scan.c - what a scan comes to, for all who tell it. No state.
 */
#include "app/scan.h"

#include <time.h>

#include "base/clock.h"
#include "trust/vuln_merge.h"

void scan_time(int64_t wall_ms, char out[32])
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;

	out[0] = '\0';
	if (wall_ms > 0 && gmtime_r(&s, &tm) != NULL)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

bool scan_is_stale(const struct scan *s)
{
	int64_t limit_ms = s->settings->vulnerabilities_age_ms;
	int64_t as_of_ms = vuln_data_as_of(&s->found);

	return limit_ms > 0 && (as_of_ms == 0 || clock_wall_ms() - as_of_ms > limit_ms);
}

bool scan_shows(const struct scan *s, const struct vuln_finding *f)
{
	return f->severity >= s->least && (!s->fixable || f->fixed[0] != '\0');
}

void scan_count(struct scan *s, const struct scan_target *t, struct scan_count *out)
{
	const struct vuln_image *im = vuln_image(s->vuln, t->vuln);
	size_t i;

	*out = (struct scan_count){ 0 };
	for (i = 0; i < im->n; i++) {
		const struct vuln_finding *f = &im->finding[i];

		if (s->fixable && f->fixed[0] == '\0')
			continue;
		if (f->ignored != NULL) {
			out->ignored++;
			continue;
		}
		out->all++;
		out->by[f->severity]++;
		out->fixable += f->fixed[0] != '\0';
		out->unrated += f->severity == VULN_UNKNOWN;
		out->hidden += f->severity < s->least;
		out->hit += s->has_fail_on && f->severity >= s->fail_on;
		out->mended += t->newer == SCAN_NEWER_HERE &&
			       !vuln_has(s->vuln, t->newer_vuln, f);
	}
}

bool scan_is_blind(struct scan *s, const struct scan_target *t)
{
	const struct vuln_image *im = vuln_image(s->vuln, t->vuln);

	return (im->units > 0 && !im->has_system) || (im->python > 0 && !im->has_python);
}

static bool data_failed(const struct scan *s)
{
	size_t i;

	for (i = 0; i < s->found.n; i++)
		if (s->found.file[i].failed)
			return true;
	return false;
}

bool scan_is_whole(struct scan *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->target[i].failed || scan_is_blind(s, &s->target[i]) ||
		    s->target[i].ngaps > 0)
			return false;
	return !data_failed(s);
}

enum exit_status scan_status(struct scan *s)
{
	size_t i, hit = 0, failed = 0;

	for (i = 0; i < s->n; i++) {
		struct scan_count c;

		if (s->target[i].failed) {
			failed++;
			continue;
		}
		scan_count(s, &s->target[i], &c);
		hit += c.hit;
	}
	if (hit > 0 || failed == s->n)
		return EXIT_FAILED;
	return scan_is_whole(s) ? EXIT_DONE : EXIT_PARTLY;
}
