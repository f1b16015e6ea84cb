/*
 * cosign.c - classic signatures: a "simple signing" payload in a layer, and all about it
 * in the layer's annotations (sigstore/cosign specs/SIGNATURE_SPEC.md).  Pure.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "trust/members.h"
#include "trust/sigstore.h"
#include "trust/verify_impl.h"

#define TYPE "cosign container image signature"
#define SIGNATURE_MAX 4096

/* Is the payload about this image? */
static int check_payload(const struct evidence *ev, const struct evidence_item *it,
			 struct verify_signature *out, struct err *e)
{
	CLEANUP(json_freep)
	struct json *o = json_parse(buf_view(&it->body), e);
	const struct json *critical = json_get(o, "critical");
	const struct json *identity = json_get(critical, "identity");
	const struct json *image = json_get(critical, "image");
	const char *type = json_get_str(critical, "type"), *digest, *name;
	char want[DIGEST_TEXT_MAX];

	if (o == NULL)
		return err_add(e, "its payload");
	if (members_known(o, "critical optional", "its payload", e) != 0 ||
	    members_known(critical, "identity image type", "its payload's critical part",
			  e) != 0 ||
	    members_known(identity, "docker-reference", "its payload's identity", e) !=
		    0 ||
	    members_known(image, "docker-manifest-digest", "its payload's image", e) != 0)
		return -1;
	if (type == NULL || strcmp(type, TYPE) != 0)
		return err_set(e, ERR_INVALID, "its payload is not a \"" TYPE "\"");
	digest = members_text(image, "docker-manifest-digest", e);
	if (digest == NULL)
		return -1;
	name = json_get_str(identity, "docker-reference");
	snprintf(out->image, sizeof(out->image), "%s", name != NULL ? name : "");
	digest_text(&ev->subject, want);
	if (strcmp(digest, want) != 0)
		return err_set(e, ERR_DENIED, "it is over another image, %.80s", digest);
	return 0;
}

static int add_certs(const struct evidence_item *it, struct sigstore_claim *c,
		     struct err *e)
{
	if (it->certificate == NULL || it->certificate[0] == '\0')
		return it->chain == NULL || it->chain[0] == '\0'
			       ? 0
			       : err_set(e, ERR_INVALID, "a chain without certificate");
	if (cert_list_read(&c->certs, view_of(it->certificate), PEM_EXACT, e) != 0)
		return err_add(e, "its certificate");
	if (c->certs.n != 1)
		return err_set(e, ERR_INVALID, "more than one certificate in its place");
	if (it->chain == NULL || it->chain[0] == '\0')
		return 0;
	return cert_list_read(&c->certs, view_of(it->chain), PEM_EXACT, e) == 0
		       ? 0
		       : err_add(e, "its certificate chain");
}

/* {"SignedEntryTimestamp":..., "Payload":{"body","integratedTime","logIndex","logID"}} */
static int read_bundle(const struct json *o, struct tlog_entry *t, struct err *e)
{
	const struct json *payload = json_get(o, "Payload");
	const char *id;

	if (members_known(o, "SignedEntryTimestamp Payload", "its log entry", e) != 0 ||
	    members_known(payload, "body integratedTime logIndex logID", "its log entry",
			  e) != 0 ||
	    members_bytes(o, "SignedEntryTimestamp", &t->promise, e) != 0 ||
	    members_bytes(payload, "body", &t->body, e) != 0 ||
	    members_number(payload, "integratedTime", true, &t->integrated_s, e) != 0 ||
	    members_number(payload, "logIndex", true, &t->index, e) != 0)
		return -1;
	id = members_text(payload, "logID", e);
	return id != NULL ? members_hex(id, t->id, sizeof(t->id), e) : -1;
}

static int add_entry(const struct evidence_item *it, struct sigstore_claim *c,
		     struct err *e)
{
	CLEANUP(json_freep)
	struct json *o = NULL;

	if (it->bundle == NULL || it->bundle[0] == '\0')
		return 0;
	tlog_entry_init(&c->entry[0].entry);
	c->nentries = 1;
	o = json_parse(view_of(it->bundle), e);
	if (o == NULL || read_bundle(o, &c->entry[0].entry, e) != 0)
		return err_add(e, "its log entry");
	return 0;
}

static int add_time(const struct evidence_item *it, struct sigstore_claim *c,
		    struct err *e)
{
	CLEANUP(json_freep)
	struct json *o = NULL;

	if (it->timestamp == NULL || it->timestamp[0] == '\0')
		return 0;
	buf_init(&c->time[0], EVIDENCE_MAX_NOTE);
	c->ntimes = 1;
	o = json_parse(view_of(it->timestamp), e);
	if (o == NULL ||
	    members_known(o, "SignedRFC3161Timestamp", "its timestamp", e) != 0 ||
	    members_bytes(o, "SignedRFC3161Timestamp", &c->time[0], e) != 0)
		return err_add(e, "its timestamp");
	return 0;
}

int cosign_judge(const struct policy *p, const struct evidence *ev,
		 const struct evidence_item *it, struct verify_signature *out,
		 struct err *e)
{
	CLEANUP(buf_done)
	struct buf sig = BUF_INIT(SIGNATURE_MAX);
	CLEANUP(sigstore_claim_done)
	struct sigstore_claim c = { .nentries = 0 };

	if (it->signature == NULL)
		return err_set(e, ERR_INVALID, "it has no signature");
	if (base64_decode_exact(view_of(it->signature), &sig, e) != 0)
		return err_add(e, "its signature");
	c.what.signature = buf_view(&sig);
	c.what.text = buf_view(&it->body);
	if (check_payload(ev, it, out, e) != 0 || add_certs(it, &c, e) != 0 ||
	    add_entry(it, &c, e) != 0 || add_time(it, &c, e) != 0)
		return -1;
	return sigstore_judge(p, &c, out, e);
}
