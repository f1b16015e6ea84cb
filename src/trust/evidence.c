/*
 * evidence.c - from a signature's manifest to what is to be judged.
 */
#include "trust/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"

#define COSIGN_LAYER "application/vnd.dev.cosign.simplesigning.v1+json"
#define COSIGN_ARTIFACT "application/vnd.dev.cosign.artifact.sig.v1+json"
#define BUNDLE "application/vnd.dev.sigstore.bundle"
#define NOTATION "application/vnd.cncf.notary.signature"

const char *evidence_word(enum evidence_kind k)
{
	static const char *const words[] = { "cosign", "bundle", "notation" };

	return words[k];
}

void evidence_init(struct evidence *ev, const struct digest *subject,
		   const char *media_type, uint64_t size)
{
	memset(ev, 0, sizeof(*ev));
	ev->subject = *subject;
	ev->size = size;
	snprintf(ev->media_type, sizeof(ev->media_type), "%s", media_type);
}

static void item_done(struct evidence_item *it)
{
	buf_done(&it->body);
	free(it->signature);
	free(it->certificate);
	free(it->chain);
	free(it->bundle);
	free(it->timestamp);
	free(it->gap);
}

void evidence_done(struct evidence *ev)
{
	for (size_t i = 0; i < ev->n; i++)
		item_done(&ev->item[i]);
	free(ev->item);
	memset(ev, 0, sizeof(*ev));
}

void evidence_tag(const struct digest *subject, char out[TAG_MAX_BYTES + 1])
{
	char hex[DIGEST_HEX_MAX];

	/* A tag has no room for all of SHA-512; cosign's has none, either. */
	digest_hex(subject, hex);
	snprintf(out, TAG_MAX_BYTES + 1, "%s-%.100s.sig", digest_alg(subject), hex);
}

static bool starts(const char *text, const char *with)
{
	return text != NULL && strncmp(text, with, strlen(with)) == 0;
}

/* --- what kind of manifest it is --- */

static bool find_kind(const struct json *o, bool is_tag, enum evidence_kind *out)
{
	const char *type = json_get_str(o, "artifactType");
	const char *config = json_get_str(json_get(o, "config"), "mediaType");

	if (type == NULL || type[0] == '\0')
		type = config;
	if (is_tag || (type != NULL && strcmp(type, COSIGN_ARTIFACT) == 0))
		*out = EVIDENCE_COSIGN;
	else if (starts(type, BUNDLE))
		*out = EVIDENCE_BUNDLE;
	else if ((type != NULL && strcmp(type, NOTATION) == 0) ||
		 (config != NULL && strcmp(config, NOTATION) == 0))
		*out = EVIDENCE_NOTATION;
	else
		return false;
	return true;
}

/* --- items --- */

static int new_item(struct evidence *ev, enum evidence_kind kind,
		    const struct digest *manifest, struct evidence_item **out,
		    struct err *e)
{
	struct evidence_item *it;

	if (ev->n == EVIDENCE_MAX_ITEMS)
		return err_set(e, ERR_LIMIT,
			       "it has more than %d signatures, of which the rest was "
			       "not looked at",
			       EVIDENCE_MAX_ITEMS);
	ev->item = mem_grow(ev->item, (ev->n + 1) * sizeof(*ev->item));
	it = &ev->item[ev->n++];
	memset(it, 0, sizeof(*it));
	it->kind = kind;
	it->manifest = *manifest;
	buf_init(&it->body, EVIDENCE_MAX_BODY);
	*out = it;
	return 0;
}

static void set_gap(struct evidence_item *it, const char *why)
{
	if (it->gap == NULL)
		it->gap = mem_dup(why);
}

static char *take_note(struct evidence_item *it, const struct json *notes,
		       const char *name)
{
	const char *text = json_get_str(notes, name);

	if (text != NULL && strlen(text) > EVIDENCE_MAX_NOTE) {
		set_gap(it, "an annotation of it is too long");
		return NULL;
	}
	return mem_dup(text);
}

static void read_layer(const struct json *layer, struct evidence_item *it)
{
	const struct json *notes = json_get(layer, "annotations");
	const char *digest = json_get_str(layer, "digest");
	const char *type = json_get_str(layer, "mediaType");
	int64_t size = -1;

	if (!json_get_int(layer, "size", &size) || size < 0 || digest == NULL ||
	    type == NULL || strlen(type) >= sizeof(it->media_type) ||
	    digest_parse(view_of(digest), &it->blob, NULL) != 0) {
		set_gap(it, "its manifest is malformed");
		return;
	}
	if (size > EVIDENCE_MAX_BODY)
		set_gap(it, "it is larger than a signature may be (1 MiB)");
	it->size = (uint64_t)size;
	snprintf(it->media_type, sizeof(it->media_type), "%s", type);
	if (it->kind != EVIDENCE_COSIGN)
		return;
	it->signature = take_note(it, notes, "dev.cosignproject.cosign/signature");
	it->certificate = take_note(it, notes, "dev.sigstore.cosign/certificate");
	it->chain = take_note(it, notes, "dev.sigstore.cosign/chain");
	it->bundle = take_note(it, notes, "dev.sigstore.cosign/bundle");
	it->timestamp = take_note(it, notes, "dev.sigstore.cosign/rfc3161timestamp");
}

static size_t length(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

/* Together they have a limit, too. */
static void add_up(struct evidence *ev, struct evidence_item *it)
{
	size_t n = length(it->signature) + length(it->certificate) + length(it->chain) +
		   length(it->bundle) + length(it->timestamp);

	if (it->gap == NULL)
		n += it->size;
	if (n <= EVIDENCE_MAX_BYTES - ev->bytes) {
		ev->bytes += n;
		return;
	}
	set_gap(it, "the signatures are too large together (over 8 MiB)");
	free(TAKE(it->signature));
	free(TAKE(it->certificate));
	free(TAKE(it->chain));
	free(TAKE(it->bundle));
	free(TAKE(it->timestamp));
}

/* A manifest of its own kind says itself about which image it is. */
static bool is_about(const struct json *o, const struct evidence *ev)
{
	const char *text = json_get_str(json_get(o, "subject"), "digest");
	struct digest d;

	return text != NULL && digest_parse(view_of(text), &d, NULL) == 0 &&
	       digest_equal(&d, &ev->subject);
}

int evidence_add(struct evidence *ev, bool is_tag, const struct digest *manifest,
		 struct view body, struct err *e)
{
	CLEANUP(json_freep)
	struct json *o = json_parse(body, NULL);
	const struct json *layers = json_get(o, "layers");
	struct evidence_item *it = NULL;
	enum evidence_kind kind = EVIDENCE_COSIGN;
	size_t i, n = json_len(layers), had = ev->n;

	if (!find_kind(o, is_tag, &kind))
		return 0;
	for (i = 0; i < n; i++) {
		const char *type = json_get_str(json_at(layers, i), "mediaType");

		if (kind == EVIDENCE_COSIGN &&
		    (type == NULL || strcmp(type, COSIGN_LAYER) != 0))
			continue;
		if (new_item(ev, kind, manifest, &it, e) != 0) {
			while (ev->n > had)
				item_done(&ev->item[--ev->n]);
			return -1;
		}
		read_layer(json_at(layers, i), it);
		add_up(ev, it);
		if (!is_tag && !is_about(o, ev))
			set_gap(it, "its manifest is about another image");
		if (kind != EVIDENCE_COSIGN && n != 1)
			set_gap(it, "its manifest has more than one layer");
	}
	return 0;
}

int evidence_add_layers(struct evidence *ev, const struct digest *manifest,
			struct view body, uint64_t most, struct err *e)
{
	CLEANUP(json_freep)
	struct json *o = json_parse(body, NULL);
	const struct json *layers = json_get(o, "layers");
	struct evidence_item *it = NULL;
	const char *digest;
	int64_t size;
	size_t i;

	for (i = 0; i < json_len(layers); i++) {
		const struct json *layer = json_at(layers, i);

		if (new_item(ev, EVIDENCE_BUNDLE, manifest, &it, e) != 0)
			return -1;
		digest = json_get_str(layer, "digest");
		if (digest == NULL ||
		    digest_parse(view_of(digest), &it->blob, NULL) != 0 ||
		    !json_get_int(layer, "size", &size) || size < 0)
			set_gap(it, "its manifest is malformed");
		else if ((uint64_t)size > most)
			set_gap(it, "it is larger than what is looked at");
		else
			it->size = (uint64_t)size;
	}
	return 0;
}

const char *evidence_gap(const struct evidence *ev)
{
	size_t i;

	for (i = 0; i < ev->n; i++)
		if (ev->item[i].gap != NULL)
			return ev->item[i].gap;
	return ev->gap[0] != '\0' ? ev->gap : NULL;
}
