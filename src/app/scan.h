/*
 * scan.h - what the parts of `larder scan` share: the images it is about, how far they
 * are known, and what it comes to.
 */
#ifndef LARDER_APP_SCAN_H
#define LARDER_APP_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "app/gather.h"
#include "app/imageargs.h"
#include "app/options.h"
#include "settings/settings.h"
#include "trust/contents.h"
#include "trust/vuln.h"
#include "trust/vuln_data.h"
#include "trust/vuln_except.h"

#define SCAN_AT_ONCE 4

/* What is known of the digest that the upstream's tag has now. */
enum scan_newer {
	SCAN_NEWER_UNASKED,   /* it lives here, was named by digest, or --offline */
	SCAN_NEWER_NONE,      /* it is the one that was scanned */
	SCAN_NEWER_ELSEWHERE, /* another, which is not in the store */
	SCAN_NEWER_HERE,      /* another, which was looked into */
	SCAN_NEWER_UNKNOWN,   /* newer_why: the upstream could not be asked, or it cannot
				 be read */
};

/* One image for one platform. */
struct scan_target {
	struct imageref image;
	char *text; /* as people know it */
	struct platform platform;
	bool failed;
	struct err why;
	/* unless it has failed: */
	struct reponame repo; /* in the store */
	bool mirrored, pulled;
	struct digest root;	/* what the name leads to */
	struct digest manifest; /* of the platform */
	char os[128];		/* "Debian GNU/Linux 12 (bookworm)"; "": not said */
	char **gap;		/* what could not be read, "path: why"; owned */
	size_t ngaps;
	size_t vuln; /* number of the image in scan.vuln */
	enum scan_newer newer;
	struct digest newer_root;
	size_t newer_vuln; /* with SCAN_NEWER_HERE */
	struct err newer_why;
};

struct scan {
	/* the command line; borrowed */
	const struct settings *settings;
	char **envp;
	const char *platform, *data, *except, *sbom, *from, *output, *with;
	struct option_values files;
	bool all, offline, fetch_newer, fixable, json, sarif, quiet;
	bool has_fail_on;
	enum vuln_severity fail_on, least; /* least: what is shown */
	unsigned limit_s;		   /* for --with */
	/* the work */
	struct gather g;
	struct store *store; /* the gather's, or with --offline its own */
	struct plan *plan;
	struct imageargs args;
	struct scan_target *target;
	size_t n;
	struct vuln *vuln;
	struct vuln_data found;
	struct vuln_excepts excepts;
};

/* Of one target. */
struct scan_count {
	size_t by[VULN_CRITICAL + 1]; /* that count, of all severities */
	size_t all, fixable, ignored;
	size_t hit;	/* at or above --fail-on */
	size_t mended;	/* not in the newer digest */
	size_t unrated; /* of no known severity */
	size_t hidden;	/* below --severity */
};
void scan_count(struct scan *s, const struct scan_target *t, struct scan_count *out);
bool scan_shows(const struct scan *s, const struct vuln_finding *f);
/* There are no data of some of what is in it. */
bool scan_is_blind(struct scan *s, const struct scan_target *t);
/* The data are older than larder.vulnerabilities-age, or do not say. */
bool scan_is_stale(const struct scan *s);
/* Everything was looked into, and all data of it could be read. */
bool scan_is_whole(struct scan *s);
enum exit_status scan_status(struct scan *s);
/* "2026-11-26T06:00:00Z"; "" for 0. */
void scan_time(int64_t wall_ms, char out[32]);

#endif
