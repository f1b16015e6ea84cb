/*
 * doctor.h - checks of a larder and all that its use hangs on, for real: each asks what
 * it is about, and none changes anything but a temporary file in the store and one image
 * in the engine, both removed again.
 *
 * The words of findings and remedies are those of docs/troubleshooting.md.
 */
#ifndef LARDER_DOCTOR_DOCTOR_H
#define LARDER_DOCTOR_DOCTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "doctor/finding.h"
#include "upstream/upstream.h"

#define DOCTOR_MAX_UPSTREAMS 32 /* more are not looked at, and it is said */
#define DOCTOR_LIMIT_MS 20000	/* all of it, but for a second */

struct doctor_upstream {
	struct upstream *up;
	const char *url;
	const char *credentials; /* where they come from, in words; "" where from none */
	bool needed; /* asked for by name: trouble there is a failure, else a warning */
};

struct doctor_conf {
	const char *mirror;	 /* URL at which clients are to find larder */
	const char *ca;		 /* PEM file for it, besides the system's; NULL: none */
	const char *listen_host; /* where larder is set to listen; NULL: everywhere */
	const char *root;	 /* of the store */
	const char *etc;	 /* where clients' configuration is: "/etc" */
	const char *engine;	 /* as engine_open has it; NULL: none is looked at */
	const struct doctor_upstream *upstream;
	size_t n_upstreams;
};

struct doctor_tally {
	unsigned count[FINDING_SKIPPED + 1]; /* by enum finding_state */
	bool hangs; /* threads are left behind: end without waiting for them */
};

/* Runs all checks and hands over each finding, in a fixed order, on the calling thread.
 * Within DOCTOR_LIMIT_MS, whatever hangs. upstream_global_init has been called. conf is
 * used until the process ends when tally->hangs. ERR_INVALID: the mirror's URL. */
int doctor_run(const struct doctor_conf *conf,
	       void (*say)(void *arg, const struct finding *f), void *arg,
	       struct doctor_tally *tally, struct err *e);

/* --- for the checks --- */

/* What the clock is compared with. */
struct doctor_clock {
	bool known;
	char host[160];
	int64_t off_ms; /* ours less theirs, the smallest found */
};

struct doctor {
	struct doctor_conf conf;
	struct upstream *mirror; /* the larder as an upstream of clients */
	bool mirror_is_here;	 /* on this machine, as far as its address says */
	pthread_mutex_t mu;	 /* guards clock */
	struct doctor_clock clock;
};

/* A server's Date has come. */
void doctor_date(struct doctor *d, const char *host, int64_t date_s);

#endif
