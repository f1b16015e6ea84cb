/*
 * cmd_verify.c - `larder verify`: are cached images what they should be, and who signed
 * them?
 */
#include "app/cmd_verify.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/options.h"
#include "app/proof_run.h"
#include "app/pull.h"
#include "app/wire.h"
#include "base/log.h"
#include "base/mem.h"
#include "trust/policy_file.h"
#include "upstream/upstream.h"

struct verification {
	struct options *o;
	struct settings *settings;
	char **envp;
	struct option_values files, keys, cas, log_keys, notation_cas, notation_names,
		attestations;
	const char *identity, *issuer, *trust_root;
	bool need_log, offline, read, json, digests;
	/* its parts */
	struct imageargs images;
	struct policies *policies; /* NULL: none */
	struct plan *plan;
	struct store *store;
	struct mirror *mirror;
};

static const char about[] =
	"Says of images in the store whether each is what it should be, and who signed "
	"it: its copy is compared with its digests, its digest with larder.lock and with "
	"the upstream's tag, and its signatures (cosign's, sigstore bundles, notation's) "
	"with the keys and identities given here, or else with larder.policy. Nothing is "
	"believed that is not given: "
	"without a key or a trust root, signatures are listed as unproved. Without IMAGE "
	"and --file, every tag of the store is looked at.\n"
	"An image is good when nothing is wrong with its copy, it is as locked (or, "
	"without a lock, as at its upstream), and one signature is accepted, if any was "
	"asked for. Signatures are fetched into the store, so that --offline has them.";

/* --- what is accepted --- */

static bool wants_signatures(const struct verification *v)
{
	return v->keys.n > 0 || v->identity != NULL || v->issuer != NULL ||
	       v->trust_root != NULL || v->cas.n > 0 || v->log_keys.n > 0 ||
	       v->notation_cas.n > 0 || v->notation_names.n > 0 ||
	       v->attestations.n > 0 || v->need_log;
}

/* What the command line asks for or, where it says nothing, the settings' policies. */
static int load_policies(struct verification *v, struct err *e)
{
	CLEANUP(policy_file_done)
	struct policy_file file = { 0 };
	struct policy_identity_spec who = { v->issuer, v->identity };
	struct policy_spec spec = {
		.mode = POLICY_REQUIRE,
		.key = v->keys.v,
		.nkeys = v->keys.n,
		.identity = &who,
		.nidentities = v->identity != NULL || v->issuer != NULL,
		.trust_root = v->trust_root,
		.ca = v->cas.v,
		.nca = v->cas.n,
		.log_key = v->log_keys.v,
		.nlog_keys = v->log_keys.n,
		.attestation = v->attestations.v,
		.nattestations = v->attestations.n,
		.need_log = v->need_log,
		.notation_ca = v->notation_cas.v,
		.nnotation_ca = v->notation_cas.n,
		.notation_identity = v->notation_names.v,
		.nnotation_identities = v->notation_names.n,
	};

	if (wants_signatures(v))
		return policies_load(&spec, 1, &v->policies, e);
	if (v->settings->policy == NULL)
		return 0;
	if (policy_file_read(v->settings->policy, &file, e) != 0)
		return -1;
	v->policies = policies_ref(file.policies);
	return 0;
}

/* --- the work --- */

static int open_parts(struct verification *v, struct err *e)
{
	const struct settings *s = v->settings;

	if (load_policies(v, e) != 0 ||
	    imageargs_read(&v->images, v->o->operand, v->o->n_operands, &v->files,
			   v->envp, e) != 0)
		return -1;
	/* Made by this only if something is to be brought. */
	if (v->offline || v->images.n == 0) {
		if (store_look(s->root, &v->store, e) != 0)
			return -1;
		store_close(TAKE(v->store));
	}
	if (upstream_global_init(e) != 0 || store_open(s->root, &v->store, e) != 0)
		return -1;
	v->plan = wire_store_plan(s, v->store, e);
	if (v->plan == NULL)
		return -1;
	v->mirror = mirror_new(v->store, plan_ref(v->plan), s->flights);
	return 0;
}

static void close_parts(struct verification *v)
{
	mirror_stop(v->mirror);
	store_close(v->store);
	plan_unref(v->plan);
	policies_unref(v->policies);
	imageargs_done(&v->images);
	upstream_global_done();
}

static enum exit_status status_of(const struct proof_run *r)
{
	if (r->good == r->images)
		return EXIT_DONE;
	return r->good == 0 ? EXIT_FAILED : EXIT_PARTLY;
}

static int run(struct verification *v, enum exit_status *status, struct err *e)
{
	struct proof_run r = {
		.ask = { .mirror = v->mirror,
			 .store = v->store,
			 .policies = v->policies,
			 .offline = v->offline,
			 .read = v->read },
		.plan = v->plan,
		.show = proof_show_new(v->json, v->digests),
	};
	int rc = v->o->n_operands > 0 || v->files.n > 0
			 ? proof_run_named(&r, &v->images, e)
			 : proof_run_all(&r, e);

	if (rc == 0)
		proof_show_print(r.show, stdout);
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = err_errno(e, "cannot write");
	proof_show_free(r.show);
	*status = status_of(&r);
	return rc;
}

static enum exit_status verify(struct verification *v)
{
	enum exit_status status = EXIT_FAILED;
	struct err e;

	log_setup(v->settings->log_level == LOG_INFO ? LOG_ERROR : v->settings->log_level,
		  v->settings->log_format);
	signal(SIGPIPE, SIG_IGN);
	if (open_parts(v, &e) != 0 || run(v, &status, &e) != 0) {
		fprintf(stderr, "larder verify: %s\n", e.msg);
		status = e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
	}
	close_parts(v);
	return status;
}

int cmd_verify(int argc, char **argv, char **envp)
{
	struct verification v = { .envp = envp };
	CLEANUP(settings_freep)
	struct settings *s = NULL;
	const struct option rows[] = {
		PULL_FILE_OPTION(&v.files),
		{ "key", 'k', OPTION_MANY, &v.keys, "FILE",
		  "Accept what is signed with this public key, as `cosign "
		  "generate-key-pair` makes it (cosign.pub); several times: any of them.",
		  0, 0 },
		{ "certificate-identity", 0, OPTION_TEXT, &v.identity, "PATTERN",
		  "Accept certificates of this identity: a workflow's URL or an e-mail "
		  "address. * stands for any text without a slash, ** for any.",
		  0, 0 },
		{ "certificate-oidc-issuer", 0, OPTION_TEXT, &v.issuer, "PATTERN",
		  "By whom that identity must have been vouched for.", 0, 0 },
		{ "trusted-root", 0, OPTION_TEXT, &v.trust_root, "FILE",
		  "Sigstore's trusted_root.json: the authorities and logs that are "
		  "believed.",
		  0, 0 },
		{ "ca-roots", 0, OPTION_MANY, &v.cas, "FILE",
		  "Besides, or in its place: certificate authorities, in PEM form.", 0,
		  0 },
		{ "log-key", 0, OPTION_MANY, &v.log_keys, "FILE",
		  "Likewise, a transparency log's public key.", 0, 0 },
		{ "attestation-type", 0, OPTION_MANY, &v.attestations, "PATTERN",
		  "Count attestations of this predicate type as signatures, too, "
		  "whatever they say: https://slsa.dev/provenance/v1.",
		  0, 0 },
		{ "require-log", 0, OPTION_FLAG, &v.need_log, NULL,
		  "Of what is signed with a key, too, such a log must have an entry.", 0,
		  0 },
		{ "notation-ca", 0, OPTION_MANY, &v.notation_cas, "FILE",
		  "Accept notation's signatures by certificates that lead to this one.",
		  0, 0 },
		{ "notation-identity", 0, OPTION_MANY, &v.notation_names, "TEXT",
		  "Of those, the signer: 'x509.subject: C=US, O=acme', or * for anyone.",
		  0, 0 },
		{ "offline", 0, OPTION_FLAG, &v.offline, NULL,
		  "Ask no upstream: compare with the lock, and judge the signatures that "
		  "are in the store.",
		  0, 0 },
		{ "read", 0, OPTION_FLAG, &v.read, NULL,
		  "Read every blob again, too. Without, manifests are hashed, blobs' "
		  "sizes compared, and the rest left to `larder scrub`.",
		  0, 0 },
		{ "digests", 0, OPTION_FLAG, &v.digests, NULL, "Digests in full.", 0, 0 },
		{ "json", 0, OPTION_FLAG, &v.json, NULL,
		  "Print JSON: an object a line for each image.", 0, 0 },
		{ 0 },
	};
	struct options o = {
		.row = rows,
		.name = "verify",
		.operands = "[IMAGE...]",
		.about = about,
		.done = "all images are good",
		.failed = "none is, or nothing could begin",
		.partly = "some are",
		.has_settings = true,
	};
	int status;

	v.o = &o;
	if (options_begin(&o, argc, argv, envp, &s, &status)) {
		v.settings = s;
		status = (int)verify(&v);
	}
	options_done(&o);
	return status;
}
