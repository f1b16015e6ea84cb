/*
 * version_deb.c - [epoch:]upstream-version[-debian-revision], deb-version(7).
 */
#include "trust/version_impl.h"

#include <string.h>

struct deb {
	struct view epoch, upstream, revision;
};

/* The epoch is what is before the first colon, the revision what is after the last
 * hyphen. Without digits before the colon there is no epoch. */
static struct deb split(struct view v)
{
	struct deb d = { { NULL, 0 }, v, { NULL, 0 } };
	struct view digits = version_take_digits(&v);
	const char *dash;

	if (digits.n > 0 && v.n > 0 && *v.p == ':') {
		d.epoch = digits;
		d.upstream = (struct view){ v.p + 1, v.n - 1 };
	}
	dash = d.upstream.n > 0 ? memrchr(d.upstream.p, '-', d.upstream.n) : NULL;
	if (dash != NULL) {
		d.revision.p = dash + 1;
		d.revision.n = (size_t)(d.upstream.p + d.upstream.n - dash) - 1;
		d.upstream.n = (size_t)(dash - d.upstream.p);
	}
	return d;
}

/* "~" before the end (also of the part that is no digits), that before letters, these
 * before the rest. */
static int weight(struct view v)
{
	if (v.n == 0 || version_is_digit(*v.p))
		return 0;
	if (*v.p == '~')
		return -1;
	if (version_is_letter(*v.p))
		return (unsigned char)*v.p;
	return (unsigned char)*v.p + 256;
}

static bool in_text(struct view v)
{
	return v.n > 0 && !version_is_digit(*v.p);
}

static void step(struct view *v)
{
	if (in_text(*v)) {
		v->p++;
		v->n--;
	}
}

static int compare_part(struct view a, struct view b)
{
	int rc = 0;

	while (rc == 0 && (a.n > 0 || b.n > 0)) {
		while (rc == 0 && (in_text(a) || in_text(b))) {
			rc = weight(a) - weight(b);
			step(&a);
			step(&b);
		}
		if (rc == 0)
			rc = version_digits(version_take_digits(&a),
					    version_take_digits(&b));
	}
	return rc;
}

int version_deb_compare(struct view va, struct view vb)
{
	struct deb a = split(va), b = split(vb);
	int rc = version_digits(a.epoch, b.epoch);

	if (rc == 0)
		rc = compare_part(a.upstream, b.upstream);
	if (rc == 0)
		rc = compare_part(a.revision, b.revision);
	return rc;
}

static bool only(struct view v, const char *others)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (!version_is_letter(v.p[i]) && !version_is_digit(v.p[i]) &&
		    (v.p[i] == '\0' || strchr(others, v.p[i]) == NULL))
			return false;
	return true;
}

/* dpkg takes epochs that fit an int. */
static bool epoch_fits(struct view epoch)
{
	return version_digits(epoch, VIEW("2147483647")) <= 0;
}

bool version_deb_valid(struct view v)
{
	struct deb d = split(v);
	bool has_revision = d.revision.p != NULL;

	return d.upstream.n > 0 && version_is_digit(*d.upstream.p) &&
	       epoch_fits(d.epoch) &&
	       only(d.upstream, d.epoch.n > 0 ? ".+-:~" : ".+-~") &&
	       (!has_revision || (d.revision.n > 0 && only(d.revision, ".+~")));
}
