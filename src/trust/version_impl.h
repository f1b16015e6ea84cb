/*
 * version_impl.h - the schemes of version.h, and what they share. A version is given as
 * a view; the meaning of results is version_compare's.
 */
#ifndef LARDER_TRUST_VERSION_IMPL_H
#define LARDER_TRUST_VERSION_IMPL_H

#include <stdbool.h>

#include "base/buf.h"

/* ASCII, whatever the locale. */
bool version_is_digit(char c);
bool version_is_lower(char c);
bool version_is_letter(char c);
/* Two runs of digits by their value, however long; an empty one is 0. */
int version_digits(struct view a, struct view b);
/* By bytes; of two that begin alike the shorter is less. */
int version_bytes(struct view a, struct view b);
/* Cut what is all digits from the beginning of *v. */
struct view version_take_digits(struct view *v);

int version_deb_compare(struct view a, struct view b);
bool version_deb_valid(struct view v);
int version_apk_compare(struct view a, struct view b);
bool version_apk_valid(struct view v);
int version_rpm_compare(struct view a, struct view b);
bool version_rpm_valid(struct view v);
int version_pep440_compare(struct view a, struct view b);
bool version_pep440_valid(struct view v);

#endif
