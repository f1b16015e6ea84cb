/*
 * policy_file.h - the file of larder.policy, in YAML:
 *
 *	signers: [release]
 *	policies:
 *	  - images: docker.io/acme/app*
 *	    mode: require
 *	    keys: [acme.pub]
 *	  - images: ghcr.io/acme/app*
 *	    mode: warn
 *	    identities:
 *	      - issuer: https://token.actions.githubusercontent.com
 *	        subject: https://github.com/acme/app**
 *	    trust-root: trusted_root.json
 *
 * Paths in it are relative to its folder. What each word means: trust/policy.h.
 */
#ifndef LARDER_TRUST_POLICY_FILE_H
#define LARDER_TRUST_POLICY_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "trust/policy.h"

#define POLICY_FILE_MAX_BYTES (1u << 20)

struct policy_file {
	struct policies *policies; /* a reference */
	struct buf signers;	   /* a NUL after each */
};

/* Reads it and every file that it names. Errors name the file, the line, and what would
 * be right; *out is untouched then. */
int policy_file_read(const char *path, struct policy_file *out, struct err *e);
void policy_file_done(struct policy_file *f); /* also when zeroed */

/* The text alone, for tests: what it says is handed to use, which is called once. Paths
 * are below folder ("" the working directory). */
int policy_file_parse(struct view text, const char *folder, struct buf *signers,
		      int (*use)(void *arg, const struct policy_spec *spec, size_t n,
				 struct err *e),
		      void *arg, struct err *e);

#endif
