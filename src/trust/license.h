/*
 * license.h - licences as packages state them, against the names of the SPDX licence
 * list. Pure.
 */
#ifndef LARDER_TRUST_LICENSE_H
#define LARDER_TRUST_LICENSE_H

enum license_form {
	LICENSE_NONE,	    /* nothing is stated */
	LICENSE_ID,	    /* one name of the list: "MIT" */
	LICENSE_EXPRESSION, /* "MIT AND (GPL-2.0-only OR BSD-3-Clause)" (SPDX 2.3 Annex D)
			     */
	LICENSE_TEXT,	    /* free text, or names that are not among those known here */
};

/* The list here has what packages of distributions have most; what is not on it is
 * LICENSE_TEXT, which is always right to say. */
enum license_form license_form(const char *text);

#endif
