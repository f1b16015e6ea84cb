/*
 * sending.c - libcurl's read and seek callbacks over a struct transport_body.
 */
#include "upstream/sending.h"

#include <stdio.h>

#include "base/clock.h"

#define SEND_BYTES (256u << 10)

static size_t on_read(char *p, size_t size, size_t room, void *arg)
{
	struct sending *s = arg;
	const struct transport_body *b = s->body;
	size_t n = 0;

	if (b->read(b->arg, p, size * room, &n, s->e) != 0) {
		s->failed = true;
		return CURL_READFUNC_ABORT;
	}
	s->last_ms = clock_mono_ms();
	s->sent += n;
	s->all_sent = n == 0 || (b->size >= 0 && s->sent >= (uint64_t)b->size);
	return n;
}

/* libcurl asks for nothing but the start. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
	struct sending *s = arg;

	if (origin != SEEK_SET || offset != 0)
		return CURL_SEEKFUNC_CANTSEEK;
	if (s->body->rewind(s->body->arg, s->e) != 0) {
		s->failed = true;
		return CURL_SEEKFUNC_FAIL;
	}
	s->sent = 0;
	s->all_sent = false;
	return CURL_SEEKFUNC_OK;
}

void sending_set(CURL *h, struct sending *s, const char *method)
{
	s->all_sent = s->body->size == 0;
	curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->body->size);
	curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES);
	curl_easy_setopt(h, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(h, CURLOPT_READDATA, s);
	curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, on_rewind);
	curl_easy_setopt(h, CURLOPT_SEEKDATA, s);
}

bool sending_is_on(const struct sending *s)
{
	return s->body != NULL && !s->all_sent;
}
