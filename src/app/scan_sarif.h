/*
 * scan_sarif.h - what `larder scan` found, as one SARIF log (OASIS SARIF 2.1.0, errata
 * 01), with what GitHub's code scanning reads of it ("SARIF support for code scanning").
 */
#ifndef LARDER_APP_SCAN_SARIF_H
#define LARDER_APP_SCAN_SARIF_H

#include "base/err.h"

#define SCAN_SARIF_MAX_BYTES (256u << 20)
/* More of either, and GitHub refuses the log; of results it shows as many as that. */
#define SCAN_SARIF_GITHUB_MAX 25000
#define SCAN_SARIF_GITHUB_SHOWN 5000

struct scan;

/* To s->output, as a whole or not at all; standard error has what GitHub would not take.
 * ERR_LIMIT: it would have more than SCAN_SARIF_MAX_BYTES. */
int scan_sarif(struct scan *s, struct err *e);

#endif
