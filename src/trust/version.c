/*
 * version.c - the schemes by name, and what they share. Characters are ASCII here: the
 * order must not depend on a locale.
 */
#include "trust/version.h"

#include <string.h>

#include "trust/version_impl.h"

bool version_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool version_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

bool version_is_letter(char c)
{
	return version_is_lower(c) || (c >= 'A' && c <= 'Z');
}

struct view version_take_digits(struct view *v)
{
	struct view digits = { v->p, 0 };

	while (digits.n < v->n && version_is_digit(v->p[digits.n]))
		digits.n++;
	if (digits.n > 0) /* v->p may be NULL */
		*v = (struct view){ v->p + digits.n, v->n - digits.n };
	return digits;
}

int version_bytes(struct view a, struct view b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int rc = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return rc != 0 ? rc : (a.n > b.n) - (a.n < b.n);
}

static struct view without_zeros(struct view v)
{
	while (v.n > 0 && *v.p == '0') {
		v.p++;
		v.n--;
	}
	return v;
}

int version_digits(struct view a, struct view b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return version_bytes(a, b);
}

int version_compare(enum version_scheme scheme, const char *a, const char *b)
{
	switch (scheme) {
	case VERSION_DEB:
		return version_deb_compare(view_of(a), view_of(b));
	case VERSION_APK:
		return version_apk_compare(view_of(a), view_of(b));
	case VERSION_RPM:
		return version_rpm_compare(view_of(a), view_of(b));
	case VERSION_PEP440:
		break;
	}
	return version_pep440_compare(view_of(a), view_of(b));
}

bool version_valid(enum version_scheme scheme, const char *text)
{
	switch (scheme) {
	case VERSION_DEB:
		return version_deb_valid(view_of(text));
	case VERSION_APK:
		return version_apk_valid(view_of(text));
	case VERSION_RPM:
		return version_rpm_valid(view_of(text));
	case VERSION_PEP440:
		break;
	}
	return version_pep440_valid(view_of(text));
}
