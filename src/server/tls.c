/*
 * tls.c - certificates.
 *
 * mu guards the present pair. A handshake under way may still use the one before it, so
 * old ones are kept until the end: there is one more each time a certificate is renewed.
 *
 * libmicrohttpd's callback has no argument of ours: there is one server in a process, and
 * its struct tls is found by a static pointer.
 */
#include "server/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"

#define FILE_MAX_BYTES (1u << 20)
#define CHAIN_MAX 16
#define LOOK_MS 5000

struct pair {
	struct pair *next; /* the one before */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
};

struct tls {
	char *certificate, *key;
	const char *priorities;
	struct buf trust;
	pthread_mutex_t mu; /* guards what follows */
	struct pair *pair;
	struct stat seen[2];
	int64_t looked_ms;
};

static _Atomic(struct tls *) the_one;

static const char *priorities_of(const char *minimum)
{
	static const struct {
		const char *word, *priorities;
	} known[] = {
		{ "tls1.0", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:"
			    "+VERS-TLS1.0" },
		{ "tls1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1" },
		{ "tls1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ "tls1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].word, minimum != NULL ? minimum : "tls1.2") == 0)
			return known[i].priorities;
	return NULL;
}

static void pair_free(struct pair *p)
{
	unsigned i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key != NULL)
		gnutls_privkey_deinit(p->key);
	free(p);
}

static int failed(struct err *e, const char *path, int rc)
{
	return err_set(e, ERR_INVALID, "%s: %s", path, gnutls_strerror(rc));
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){ (unsigned char *)b->p, (unsigned)b->n };
}

/* Does the key belong to the certificate? */
static int match(struct pair *p, const char *key_path, struct err *e)
{
	unsigned char a[64], b[64];
	size_t na = sizeof(a), nb = sizeof(b);
	gnutls_pubkey_t public = NULL;
	int rc = gnutls_pubkey_init(&public);

	if (rc >= 0)
		rc = gnutls_pubkey_import_privkey(public, p->key, 0, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, a, &na);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(p->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
					      b, &nb);
	if (public != NULL)
		gnutls_pubkey_deinit(public);
	if (rc < 0)
		return failed(e, key_path, rc);
	if (na != nb || memcmp(a, b, na) != 0)
		return err_set(e, ERR_INVALID, "%s is not the key of the certificate",
			       key_path);
	return 0;
}

static int read_pair(const struct tls *t, struct pair **out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf cert = BUF_INIT(FILE_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf key = BUF_INIT(FILE_MAX_BYTES);
	gnutls_datum_t cert_text, key_text;
	struct pair *p;
	unsigned n = CHAIN_MAX;
	int rc;

	if (fs_read(AT_FDCWD, t->certificate, &cert, e) != 0 ||
	    fs_read(AT_FDCWD, t->key, &key, e) != 0)
		return -1;
	cert_text = datum(&cert);
	key_text = datum(&key);
	p = mem_alloc(sizeof(*p));
	rc = gnutls_pcert_list_import_x509_raw(p->chain, &n, &cert_text,
					       GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0) {
		failed(e, t->certificate, rc);
		pair_free(p);
		return -1;
	}
	p->n = n;
	rc = gnutls_privkey_init(&p->key);
	if (rc >= 0)
		rc = gnutls_privkey_import_x509_raw(p->key, &key_text,
						    GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc < 0 || match(p, t->key, e) != 0) {
		if (rc < 0)
			failed(e, t->key, rc);
		pair_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

/* Also when a link has been turned to another file, as Kubernetes does. */
static bool changed(struct tls *t)
{
	const char *path[] = { t->certificate, t->key };
	bool yes = false;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_LEN(path); i++) {
		if (stat(path[i], &st) != 0)
			continue;
		yes |= st.st_ino != t->seen[i].st_ino ||
		       st.st_size != t->seen[i].st_size ||
		       st.st_mtim.tv_sec != t->seen[i].st_mtim.tv_sec ||
		       st.st_mtim.tv_nsec != t->seen[i].st_mtim.tv_nsec;
		t->seen[i] = st;
	}
	return yes;
}

/* With the lock held: handshakes wait the millisecond that reading takes. */
static void look_again(struct tls *t)
{
	struct pair *fresh;
	struct err e;

	if (clock_mono_ms() < t->looked_ms + LOOK_MS)
		return;
	t->looked_ms = clock_mono_ms();
	if (!changed(t))
		return;
	if (read_pair(t, &fresh, &e) != 0) {
		log_event(LOG_ERROR, "tls.not_reread", LS("error", e.msg),
			  LS("what", "the certificate of before stays"));
		t->seen[0] = (struct stat){ 0 }; /* its other half may be on its way */
		return;
	}
	fresh->next = t->pair;
	t->pair = fresh;
	log_event(LOG_INFO, "tls.reread", LS("certificate", t->certificate));
}

static int give(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
		const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
		gnutls_pcert_st **chain, unsigned *n, gnutls_privkey_t *key)
{
	struct tls *t = atomic_load(&the_one);

	if (t == NULL)
		return -1;
	pthread_mutex_lock(&t->mu);
	look_again(t);
	*chain = t->pair->chain;
	*n = t->pair->n;
	*key = t->pair->key;
	pthread_mutex_unlock(&t->mu);
	return 0;
}

static int read_trust(struct tls *t, const struct tls_conf *conf, struct err *e)
{
	CLEANUP(buf_done)
	struct buf one = BUF_INIT(FILE_MAX_BYTES);
	gnutls_x509_crt_t *list = NULL;
	unsigned n = 0;
	gnutls_datum_t text;
	size_t i;
	int rc;

	for (i = 0; i < conf->nclient_cas; i++) {
		if (fs_read(AT_FDCWD, conf->client_cas[i], &one, e) != 0)
			return -1;
		text = datum(&one);
		rc = gnutls_x509_crt_list_import2(&list, &n, &text, GNUTLS_X509_FMT_PEM,
						  0);
		if (rc < 0)
			return failed(e, conf->client_cas[i], rc);
		while (n > 0)
			gnutls_x509_crt_deinit(list[--n]);
		gnutls_free(list);
		if (buf_add(&t->trust, one.p, one.n) != 0 ||
		    buf_adds(&t->trust, "\n") != 0)
			return err_set(e, ERR_LIMIT, "%s: too large",
				       conf->client_cas[i]);
	}
	return 0;
}

int tls_new(const struct tls_conf *conf, struct tls **out, struct err *e)
{
	struct tls *t, *none = NULL;

	if (priorities_of(conf->minimum) == NULL)
		return err_set(e, ERR_INVALID,
			       "http.tls.minimumtls is %s; there are tls1.0, tls1.1, "
			       "tls1.2 and tls1.3",
			       conf->minimum);
	t = mem_alloc(sizeof(*t));
	t->certificate = mem_dup(conf->certificate);
	t->key = mem_dup(conf->key);
	t->priorities = priorities_of(conf->minimum);
	buf_init(&t->trust, CHAIN_MAX * FILE_MAX_BYTES);
	pthread_mutex_init(&t->mu, NULL);
	t->looked_ms = clock_mono_ms();
	changed(t);
	if (read_pair(t, &t->pair, e) != 0 || read_trust(t, conf, e) != 0) {
		tls_free(t);
		return err_add(e, "http.tls");
	}
	if (!atomic_compare_exchange_strong(&the_one, &none, t))
		abort(); /* one server in a process */
	*out = t;
	return 0;
}

void tls_free(struct tls *t)
{
	struct tls *self = t;
	struct pair *p, *next;

	if (t == NULL)
		return;
	atomic_compare_exchange_strong(&the_one, &self, NULL);
	for (p = t->pair; p != NULL; p = next) {
		next = p->next;
		pair_free(p);
	}
	buf_done(&t->trust);
	pthread_mutex_destroy(&t->mu);
	free(t->certificate);
	free(t->key);
	free(t);
}

const char *tls_priorities(const struct tls *t)
{
	return t->priorities;
}

const char *tls_trust(const struct tls *t)
{
	return t->trust.n > 0 ? buf_str(&t->trust) : NULL;
}

void *tls_callback(struct tls *t)
{
	/* ISO C has no way to make a void * of a function; POSIX and libmicrohttpd do. */
	union {
		gnutls_certificate_retrieve_function2 *fn;
		void *p;
	} u = { .fn = give };

	return u.p;
}

bool tls_client_ok(const struct tls *t, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info;
	unsigned status = 0;

	if (t == NULL || t->trust.n == 0)
		return true;
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info != NULL && info->tls_session != NULL &&
	       gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 &&
	       status == 0;
}
