/*
 * pace.c - GETs at a steady rate, and how long each took: what clients wait for is what
 * the slowest of a hundred says, and a client that asks for the next thing only when it
 * has had the last does not see it.
 *
 *	pace PORT REQUESTS_A_SECOND SECONDS < list of "KIND PATH"
 *
 * One connection a thread, kept. A request counts from when it was due, where the one
 * before it was late; else from when it was sent. Prints an object: for each kind the
 * number of requests and, in microseconds, p50, p99, p99.9 and the most.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define THREADS 16
#define KINDS 8
#define ACCEPT                                                                           \
	"Accept: application/vnd.oci.image.manifest.v1+json, "                           \
	"application/vnd.oci.image.index.v1+json\r\n"

struct ask {
	unsigned kind;
	char *request;
};

struct took {
	unsigned kind, us;
};

struct thread {
	pthread_t id;
	unsigned number;
	struct took *took;
	size_t n, failed;
};

static struct ask *asks;
static size_t nasks;
static char kinds[KINDS][32];
static unsigned nkinds, port;
static double rate, seconds;
static int64_t began_ns;

static void die(const char *what)
{
	fprintf(stderr, "pace: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval patience = { .tv_sec = 10 };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("cannot connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* Sends, and reads a whole answer of up to 256 KiB. False: none, or not 200. */
static bool exchange(int fd, const char *request)
{
	static _Thread_local char in[256 << 10];
	size_t n = strlen(request), have = 0, want = 0;
	char *end = NULL, *length;

	if (send(fd, request, n, MSG_NOSIGNAL) != (ssize_t)n)
		return false;
	while (end == NULL || have < want) {
		ssize_t got = recv(fd, in + have, sizeof(in) - 1 - have, 0);

		if (got <= 0)
			return false;
		have += (size_t)got;
		in[have] = '\0';
		if (end == NULL && (end = strstr(in, "\r\n\r\n")) != NULL) {
			length = strcasestr(in, "\r\nContent-Length:");
			if (length == NULL || length > end)
				return false;
			want = (size_t)(end + 4 - in) + strtoul(length + 17, NULL, 10);
			if (want >= sizeof(in))
				return false;
		}
	}
	return strncmp(in, "HTTP/1.1 200", 12) == 0;
}

static void *run(void *arg)
{
	struct thread *t = arg;
	size_t each = (size_t)(rate * seconds / THREADS) + 1, i;
	int fd = dial();

	t->took = calloc(each, sizeof(*t->took));
	for (i = 0; i < each; i++) {
		size_t number = i * THREADS + t->number;
		const struct ask *a = &asks[number * 7919 % nasks];
		int64_t due = began_ns + (int64_t)((double)number * 1e9 / rate), from;
		struct timespec ts = { .tv_sec = due / 1000000000,
				       .tv_nsec = due % 1000000000 };

		from = now_ns();
		if (from < due) {
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
			from = now_ns();
		} else {
			from = due;
		}
		if (!exchange(fd, a->request)) {
			t->failed++;
			close(fd);
			fd = dial();
			continue;
		}
		t->took[t->n++] =
			(struct took){ a->kind, (unsigned)((now_ns() - from) / 1000) };
	}
	close(fd);
	return NULL;
}

static unsigned kind_of(const char *name)
{
	unsigned i;

	for (i = 0; i < nkinds; i++)
		if (strcmp(kinds[i], name) == 0)
			return i;
	if (nkinds == KINDS)
		die("too many kinds");
	snprintf(kinds[nkinds], sizeof(kinds[0]), "%s", name);
	return nkinds++;
}

static void read_list(void)
{
	char kind[32], path[700];

	while (scanf("%31s %699s", kind, path) == 2) {
		if (nasks % 1024 == 0)
			asks = realloc(asks, (nasks + 1024) * sizeof(*asks));
		if (asks == NULL)
			die("no memory");
		asks[nasks].kind = kind_of(kind);
		if (asprintf(&asks[nasks++].request,
			     "GET %s HTTP/1.1\r\nHost: localhost\r\n" ACCEPT "\r\n",
			     path) < 0)
			die("no memory");
	}
	if (nasks == 0)
		die("nothing to ask for");
}

static int by_us(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void print_kind(const struct thread *t, unsigned kind)
{
	size_t n = 0, total = 0, i, k;
	unsigned *us;

	for (k = 0; k < THREADS; k++)
		total += t[k].n;
	us = calloc(total + 1, sizeof(*us));
	for (k = 0; k < THREADS; k++)
		for (i = 0; i < t[k].n; i++)
			if (t[k].took[i].kind == kind)
				us[n++] = t[k].took[i].us;
	qsort(us, n, sizeof(*us), by_us);
	printf("\"%s\": {\"n\": %zu, \"p50\": %u, \"p99\": %u, \"p999\": %u, \"most\": %u}, ",
	       kinds[kind], n, us[n / 2], us[n * 99 / 100], us[n * 999 / 1000],
	       n > 0 ? us[n - 1] : 0);
	free(us);
}

int main(int argc, char **argv)
{
	static struct thread t[THREADS];
	size_t failed = 0;
	unsigned i;

	if (argc != 4) {
		fprintf(stderr, "pace PORT REQUESTS_A_SECOND SECONDS < list\n");
		return 2;
	}
	port = (unsigned)strtoul(argv[1], NULL, 10);
	rate = strtod(argv[2], NULL);
	seconds = strtod(argv[3], NULL);
	read_list();
	began_ns = now_ns() + 20000000;
	for (i = 0; i < THREADS; i++) {
		t[i].number = i;
		if (pthread_create(&t[i].id, NULL, run, &t[i]) != 0)
			die("no thread to be had");
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i].id, NULL);
		failed += t[i].failed;
	}
	printf("{");
	for (i = 0; i < nkinds; i++)
		print_kind(t, i);
	printf("\"failed\": %zu}\n", failed);
	return failed > 0;
}
