/*
 * tlog.c - Merkle proofs, checkpoints and promises.  Pure.
 */
#include "trust/tlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hash.h"
#include "trust/members.h"

#define HINT_BYTES 4 /* of a key, before each signature of a note */
#define LINE_MAX_BYTES 1024

void tlog_entry_init(struct tlog_entry *t)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->body, TLOG_MAX_BODY);
	buf_init(&t->promise, TLOG_MAX_SIGNATURE);
	buf_init(&t->checkpoint, TLOG_MAX_CHECKPOINT);
}

void tlog_entry_done(struct tlog_entry *t)
{
	buf_done(&t->body);
	buf_done(&t->promise);
	buf_done(&t->checkpoint);
}

/* --- the tree --- */

static void hash_parts(const void *a, size_t na, const void *b, size_t nb,
		       unsigned char first, tlog_hash out)
{
	struct hash *h = hash_new(HASH_SHA256);
	unsigned char all[HASH_MAX_BYTES];

	hash_add(h, &first, 1);
	hash_add(h, a, na);
	if (nb > 0)
		hash_add(h, b, nb);
	hash_final(h, all);
	memcpy(out, all, TLOG_HASH_BYTES);
	hash_free(h);
}

void tlog_leaf(struct view body, tlog_hash out)
{
	hash_parts(body.n > 0 ? body.p : "", body.n, NULL, 0, 0, out);
}

/* RFC 9162 section 2.1.3.2, which is RFC 6962's tree: fn and sn are the places of the
 * entry and of the last one, level by level. */
int tlog_root(const tlog_hash leaf, uint64_t index, uint64_t size, const tlog_hash *hash,
	      size_t n, tlog_hash out, struct err *e)
{
	uint64_t fn = index, sn = size - 1;
	tlog_hash r;
	size_t i;

	if (index >= size)
		return err_set(e, ERR_INVALID, "entry %" PRIu64 " of a log of %" PRIu64,
			       index, size);
	memcpy(r, leaf, sizeof(r));
	for (i = 0; i < n; i++) {
		if (sn == 0)
			return err_set(e, ERR_INVALID, "too long a proof of inclusion");
		if ((fn & 1) != 0 || fn == sn) {
			hash_parts(hash[i], TLOG_HASH_BYTES, r, TLOG_HASH_BYTES, 1, r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			hash_parts(r, TLOG_HASH_BYTES, hash[i], TLOG_HASH_BYTES, 1, r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0)
		return err_set(e, ERR_INVALID, "too short a proof of inclusion");
	memcpy(out, r, sizeof(r));
	return 0;
}

/* --- checkpoints --- */

/* How notes name a key: by the beginning of its id (Rekor), or by a hash over the name
 * and the bare key of Ed25519 (C2SP signed-note, type 1). */
static bool is_hint(const struct trustroot_log *log, struct view name,
		    const unsigned char *hint)
{
	struct view der = pubkey_der(log->key);
	unsigned char id[HASH_MAX_BYTES];
	struct hash *h;

	if (memcmp(log->id, hint, HINT_BYTES) == 0 ||
	    memcmp(pubkey_id(log->key), hint, HINT_BYTES) == 0)
		return true;
	if (pubkey_kind(log->key) != PUBKEY_ED25519 || der.n < 32)
		return false;
	h = hash_new(HASH_SHA256);
	hash_add(h, name.p, name.n);
	hash_add(h, "\n\x01", 2);
	hash_add(h, der.p + der.n - 32, 32);
	hash_final(h, id);
	hash_free(h);
	return memcmp(id, hint, HINT_BYTES) == 0;
}

static bool take_line(struct view *text, struct view *line)
{
	const char *end = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;

	if (end == NULL)
		return false;
	*line = (struct view){ text->p, (size_t)(end - text->p) };
	text->p += line->n + 1;
	text->n -= line->n + 1;
	return line->n <= LINE_MAX_BYTES;
}

/* "— name base64(hint, signature)": 1, it is by this log; 0: by another; -1. */
static int check_line(struct view line, struct view text, struct view origin,
		      const struct trustroot_log *log, struct err *e)
{
	static const char dash[] = "\xe2\x80\x94 ";
	CLEANUP(buf_done)
	struct buf sig = BUF_INIT(TLOG_MAX_SIGNATURE);
	struct view name, rest;
	const char *space;

	if (!view_starts(line, dash))
		return err_set(e, ERR_INVALID, "a checkpoint with a malformed signature");
	rest = (struct view){ line.p + strlen(dash), line.n - strlen(dash) };
	space = memchr(rest.p, ' ', rest.n);
	if (space == NULL || space == rest.p)
		return err_set(e, ERR_INVALID, "a checkpoint with a malformed signature");
	name = (struct view){ rest.p, (size_t)(space - rest.p) };
	rest.p += name.n + 1;
	rest.n -= name.n + 1;
	if (base64_decode_exact(rest, &sig, e) != 0)
		return -1;
	if (sig.n <= HINT_BYTES || !is_hint(log, name, (unsigned char *)sig.p))
		return 0;
	/* The signer is the log of which the text speaks: "name", or "name - tree" by the
	 * first Rekor, whose name is not always its URL's host. */
	if (origin.n < name.n || memcmp(origin.p, name.p, name.n) != 0 ||
	    (origin.n > name.n && origin.p[name.n] != ' ') ||
	    (origin.n == name.n && log->host[0] != '\0' && !view_is(name, log->host)))
		return err_set(e, ERR_DENIED, "a checkpoint of another log");
	if (pubkey_verify(log->key, pubkey_usual_hash(log->key), PUBKEY_PLAIN, text,
			  (struct view){ sig.p + HINT_BYTES, sig.n - HINT_BYTES },
			  e) != 0)
		return err_set(e, ERR_DENIED,
			       "its checkpoint is not signed by the log's key");
	return 1;
}

static int read_text(struct view text, struct view *origin, uint64_t *size,
		     tlog_hash root, struct err *e)
{
	CLEANUP(buf_done)
	struct buf hash = BUF_INIT(TLOG_HASH_BYTES + 3);
	struct view number, third;
	char again[24], line[24];

	if (!take_line(&text, origin) || !take_line(&text, &number) ||
	    !take_line(&text, &third) || origin->n == 0 || number.n == 0 ||
	    number.n >= sizeof(line))
		return err_set(e, ERR_INVALID, "a checkpoint of less than three lines");
	memcpy(line, number.p, number.n);
	line[number.n] = '\0';
	if (sscanf(line, "%" SCNu64, size) != 1)
		return err_set(e, ERR_INVALID, "a checkpoint without a size");
	snprintf(again, sizeof(again), "%" PRIu64, *size);
	if (strcmp(line, again) != 0)
		return err_set(e, ERR_INVALID, "a checkpoint without a size");
	if (base64_decode_exact(third, &hash, e) != 0)
		return -1;
	if (hash.n != TLOG_HASH_BYTES)
		return err_set(e, ERR_INVALID, "a checkpoint's root of %zu bytes",
			       hash.n);
	memcpy(root, hash.p, TLOG_HASH_BYTES);
	return 0;
}

int tlog_checkpoint(struct view note, const struct trustroot_log *log, uint64_t *size,
		    tlog_hash root, struct err *e)
{
	const char *blank = note.n > 0 ? memmem(note.p, note.n, "\n\n", 2) : NULL;
	struct view text, lines, line, origin = { NULL, 0 };
	int rc, good = 0;

	if (blank == NULL)
		return err_set(e, ERR_INVALID, "a checkpoint without signatures");
	text = (struct view){ note.p, (size_t)(blank - note.p) + 1 };
	lines = (struct view){ blank + 2, note.n - text.n - 1 };
	if (read_text(text, &origin, size, root, e) != 0)
		return -1;
	while (lines.n > 0) {
		if (!take_line(&lines, &line))
			return err_set(e, ERR_INVALID,
				       "a checkpoint with text after its signatures");
		rc = check_line(line, text, origin, log, e);
		if (rc < 0)
			return -1;
		good += rc;
	}
	if (good == 1)
		return 0;
	return err_set(e, ERR_DENIED,
		       good == 0 ? "its checkpoint is not signed by the log"
				 : "its checkpoint is signed twice by the log");
}

/* --- entries --- */

static int check_proof(const struct tlog_entry *t, const struct trustroot_log *log,
		       struct err *e)
{
	tlog_hash leaf, root, signed_root;
	uint64_t size;

	if (tlog_checkpoint(buf_view(&t->checkpoint), log, &size, signed_root, e) != 0)
		return -1;
	tlog_leaf(buf_view(&t->body), leaf);
	if (tlog_root(leaf, t->proof_index, t->proof_size, t->hash, t->nhashes, root,
		      e) != 0)
		return -1;
	if (size != t->proof_size || memcmp(signed_root, root, sizeof(root)) != 0 ||
	    memcmp(t->root, root, sizeof(root)) != 0)
		return err_set(e, ERR_DENIED,
			       "its log entry is not in the tree that the log signed");
	return 0;
}

/* Over the canonical JSON (RFC 8785) of these four. */
static int check_promise(const struct tlog_entry *t, const struct trustroot_log *log,
			 struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(TLOG_MAX_BODY * 2);
	size_t i;

	buf_adds(&text, "{\"body\":\"");
	base64_encode(buf_str(&t->body), t->body.n, &text);
	buf_addf(&text, "\",\"integratedTime\":%" PRId64 ",\"logID\":\"",
		 t->integrated_s);
	for (i = 0; i < sizeof(t->id); i++)
		buf_addf(&text, "%02x", t->id[i]);
	buf_addf(&text, "\",\"logIndex\":%" PRId64 "}", t->index);
	if (pubkey_verify(log->key, pubkey_usual_hash(log->key), PUBKEY_PLAIN,
			  buf_view(&text), buf_view(&t->promise), e) != 0)
		return err_set(e, ERR_DENIED,
			       "its log entry's promise is not signed by the log");
	return 0;
}

int tlog_verify(const struct tlog_entry *t, const struct trustroot *root, int64_t *at_ms,
		struct err *e)
{
	const struct trustroot_log *log = trustroot_find_log(root, t->id);

	if (log == NULL)
		return 1;
	if (t->promise.n == 0 && !t->has_proof)
		return err_set(e, ERR_INVALID,
			       "its log entry has neither promise nor proof");
	if (t->has_proof && check_proof(t, log, e) != 0)
		return -1;
	*at_ms = 0;
	if (t->promise.n == 0 && (uint64_t)t->index != t->proof_index)
		return err_set(e, ERR_INVALID, "its log entry has two places in the log");
	if (t->promise.n == 0)
		return 0;
	if (check_promise(t, log, e) != 0)
		return -1;
	if (t->integrated_s <= 0 || t->integrated_s > INT64_MAX / 1000 ||
	    t->integrated_s < log->from_s || t->integrated_s > log->until_s)
		return err_set(e, ERR_DENIED,
			       "its log entry is of a time for which the log is not "
			       "trusted");
	*at_ms = t->integrated_s * 1000;
	return 0;
}
