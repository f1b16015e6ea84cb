/*
 * explain.c - CURLcode to cause. Messages name host names and never a URL's path or
 * query.
 */
#include "upstream/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int say(struct transport_answer *a, struct err *e, const char *outcome,
	       const char *what)
{
	snprintf(a->outcome, sizeof(a->outcome), "%s", outcome);
	return err_set(e, ERR_UPSTREAM, "%s", what);
}

/* No connection: the cause is in the system's error number. */
static int no_connection(CURL *easy, const struct transport_request *req,
			 struct transport_answer *a, struct err *e)
{
	const char *who = a->proxied ? "the proxy: " : "";
	long errnum = 0;
	char what[200], why[80];

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &errnum);
	if (errnum == ECONNREFUSED)
		snprintf(what, sizeof(what), "%sconnection refused", who);
	else if (errnum == 0)
		snprintf(what, sizeof(what), "%scannot connect", who);
	else
		snprintf(what, sizeof(what), "%scannot connect: %s", who,
			 strerror_r((int)errnum, why, sizeof(why)));
	say(a, e,
	    a->proxied		     ? "proxy"
	    : errnum == ECONNREFUSED ? "refused"
	    : errnum == ETIMEDOUT    ? "timeout"
				     : "unreachable",
	    what);
	if (e != NULL && !a->proxied)
		e->errnum = (int)errnum;
	return -1;
}

/* libcurl 7.88 sets CURLINFO_CONNECT_TIME only after TLS, but its message tells. */
static int slow_connection(CURL *easy, const char *detail,
			   const struct transport_request *req,
			   struct transport_answer *a, struct err *e)
{
	curl_off_t resolved = 0;
	const char *what = "name not resolved";

	curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	if (strncmp(detail, "SSL", 3) == 0)
		what = "no TLS handshake";
	else if (resolved > 0)
		what = "connection not made";
	snprintf(a->outcome, sizeof(a->outcome), "timeout");
	return err_set(e, ERR_UPSTREAM, "%s%s within %d ms",
		       a->proxied ? "the proxy: " : "", what, req->limits.connect_ms);
}

static int tls(CURLcode code, const char *detail, struct transport_answer *a,
	       struct err *e)
{
	snprintf(a->outcome, sizeof(a->outcome), "%s",
		 code == CURLE_PEER_FAILED_VERIFICATION ? "certificate" : "tls");
	if (code == CURLE_SSL_CACERT_BADFILE)
		return err_set(e, ERR_UPSTREAM,
			       "TLS: cannot read the system's certificates; is "
			       "ca-certificates installed? (%s)",
			       detail);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return err_set(
			e, ERR_UPSTREAM,
			"TLS: the certificate is not accepted: %s; if it comes from "
			"an authority of your own, set `ca`",
			detail);
	return err_set(e, ERR_UPSTREAM, "TLS: %s", detail);
}

static int broken_off(CURL *easy, const struct transport_request *req,
		      struct transport_answer *a, struct err *e)
{
	long connect_status = 0;
	char what[100];

	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
	if (connect_status >= 300) {
		snprintf(what, sizeof(what), "the proxy refused to connect (status %ld)",
			 connect_status);
		return say(a, e, "proxy", what);
	}
	return say(a, e, "reset",
		   a->status ? "connection reset in the middle of the answer"
			     : "connection reset before an answer");
}

int explain_failure(CURL *easy, CURLcode code, const char *detail,
		    const struct transport_request *req, struct transport_answer *a,
		    struct err *e)
{
	char what[200];

	if (*detail == '\0')
		detail = curl_easy_strerror(code);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		snprintf(what, sizeof(what), "cannot resolve the name %.150s",
			 req->at.host);
		return say(a, e, "dns", what);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return say(a, e, "proxy", "cannot resolve the proxy's name");
	case CURLE_PROXY:
		return say(a, e, "proxy", "the proxy does not work");
	case CURLE_COULDNT_CONNECT:
		return no_connection(easy, req, a, e);
	case CURLE_OPERATION_TIMEDOUT:
		return slow_connection(easy, detail, req, a, e);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_PEER_FAILED_VERIFICATION:
		return tls(code, detail, a, e);
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return broken_off(easy, req, a, e);
	case CURLE_GOT_NOTHING:
		return say(a, e, "cut", "connection closed without an answer");
	case CURLE_PARTIAL_FILE:
		return say(a, e, "cut", "answer cut short");
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_HTTP2:
		return say(a, e, "nonsense", "the answer is not HTTP as we know it");
	default:
		snprintf(what, sizeof(what), "%s", curl_easy_strerror(code));
		return say(a, e, "other", what);
	}
}
