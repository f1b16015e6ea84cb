/*
 * load.c - clients for the benchmark, where Python would be what is measured.
 *
 *	load get [-c N] [-H HEADER]... [-w URL] [-m read|drop|check=FILE] URL...
 *	load stall -c N -n BYTES URL
 *	load start PORT PATH COMMAND [ARGUMENT]...
 *
 * get: N clients, let go together, GET every URL in turn on kept connections, through
 * redirects.  -w: each first GETs that URL, before the clock starts.  What becomes of the
 * bodies: read (copied and forgotten), drop (left in the kernel, so that many clients on
 * one machine cost little), check=FILE (the last URL's compared with the file by the
 * first client; the others drop).  Prints one line of JSON: times in ms from the common
 * start; first_*_ms from the last URL's request to its first byte of body.
 *
 * stall: N clients that take BYTES of body and then no more; prints "stalled" when all
 * stand still, and ends when standard input does.
 *
 * start: runs the command, and prints the ms until GET PATH is answered 200, and its pid;
 * the command goes on.
 *
 * Only http to numeric IPv4 addresses, bodies with Content-Length or until close.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 4096
#define MAX_URLS 64
#define MAX_HEADERS 16
#define MAX_KEPT 4
#define HEAD_BYTES 16384
#define PIECE_BYTES (256u << 10)
#define STILL_MS 300 /* without a byte: it stands still */

enum mode { READ, DROP, CHECK };

static const char *headers[MAX_HEADERS], *urls[MAX_URLS], *before;
static unsigned nheaders, nurls, nclients = 1;
static enum mode mode = READ;
static const char *want; /* of CHECK */
static size_t want_bytes;
static pthread_barrier_t together;

struct conn {
	int fd;
	char host[64]; /* "127.0.0.1:80" */
	size_t have;   /* bytes in head that have been received */
	char head[HEAD_BYTES + 1];
};

struct client {
	pthread_t thread;
	enum mode mode;
	struct conn kept[MAX_KEPT];
	char *piece;
	double began_ms, first_ms, done_ms;
	uint64_t bytes;
	char error[200];
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

__attribute__((format(printf, 2, 3))) static int fail(struct client *c, const char *fmt,
						      ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (c->error[0] == '\0')
		vsnprintf(c->error, sizeof(c->error), fmt, ap);
	va_end(ap);
	return -1;
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

static int dial(const char *host)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	char text[64];
	char *colon;
	int fd, on = 1;

	snprintf(text, sizeof(text), "%s", host);
	colon = strchr(text, ':');
	if (colon == NULL)
		return -1;
	*colon = '\0';
	a.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* http://HOST/PATH -> host, and the path in place. NULL: not such a URL. */
static const char *split(const char *url, char host[64])
{
	const char *p = url + 7, *slash;

	if (strncmp(url, "http://", 7) != 0 || (slash = strchr(p, '/')) == NULL ||
	    slash - p >= 64)
		return NULL;
	memcpy(host, p, (size_t)(slash - p));
	host[slash - p] = '\0';
	return slash;
}

static struct conn *conn_to(struct client *c, const char *host)
{
	struct conn *k;
	int i;

	for (i = 0; i < MAX_KEPT; i++) {
		k = &c->kept[i];
		if (k->fd >= 0 && strcmp(k->host, host) == 0)
			return k;
		if (k->fd < 0) {
			k->fd = dial(host);
			k->have = 0;
			snprintf(k->host, sizeof(k->host), "%s", host);
			return k->fd < 0 ? NULL : k;
		}
	}
	return NULL;
}

static int send_request(struct conn *k, const char *path, bool own)
{
	char text[HEAD_BYTES];
	size_t n, sent = 0;
	unsigned i;

	n = (size_t)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s\r\n", path,
			     k->host);
	for (i = 0; own && i < nheaders && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\r\n", headers[i]);
	if (n + 3 > sizeof(text))
		return -1;
	memcpy(text + n, "\r\n", 2);
	for (n += 2; sent < n;) {
		ssize_t put = send(k->fd, text + sent, n - sent, MSG_NOSIGNAL);

		if (put <= 0)
			return -1;
		sent += (size_t)put;
	}
	return 0;
}

/* The value of a header, ended by '\r', or NULL. */
static const char *header(const char *head, const char *name)
{
	size_t n = strlen(name);
	const char *p = head;

	while ((p = strstr(p, "\r\n")) != NULL) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " ");
	}
	return NULL;
}

/* Reads the head: its length, with what came of the body behind it. 0: failed. */
static size_t read_head(struct conn *k)
{
	const char *end;

	for (;;) {
		ssize_t got;

		k->head[k->have] = '\0';
		end = strstr(k->head, "\r\n\r\n");
		if (end != NULL)
			return (size_t)(end - k->head) + 4;
		if (k->have == HEAD_BYTES)
			return 0;
		got = recv(k->fd, k->head + k->have, HEAD_BYTES - k->have, 0);
		if (got <= 0)
			return 0;
		k->have += (size_t)got;
	}
}

static int status_of(const struct conn *k)
{
	return k->have > 12 ? (int)strtol(k->head + 9, NULL, 10) : 0;
}

static int check(struct client *c, uint64_t at, const char *p, size_t n)
{
	if (at + n > want_bytes || memcmp(want + at, p, n) != 0)
		return fail(c, "wrong bytes after %llu", (unsigned long long)at);
	return 0;
}

static int read_body(struct client *c, struct conn *k, size_t head, uint64_t size,
		     enum mode how)
{
	uint64_t at = 0;

	while (at < size || at == 0) {
		size_t n = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;
		const char *p = c->piece;
		ssize_t got;

		if (at == 0 && k->have > head) {
			p = k->head + head;
			got = (ssize_t)(k->have - head);
		} else {
			if (at == 0)
				n = 1; /* the first byte's time is asked for */
			if (size == 0)
				break;
			got = recv(k->fd, c->piece, n,
				   how == DROP && at > 0 ? MSG_TRUNC : 0);
		}
		if (got <= 0)
			return fail(c, "ended after %llu of %llu bytes",
				    (unsigned long long)at, (unsigned long long)size);
		if (at == 0)
			c->first_ms = now_ms() - c->began_ms;
		if (how == CHECK && check(c, at, p, (size_t)got) != 0)
			return -1;
		at += (uint64_t)got;
	}
	k->have = 0;
	c->bytes += at;
	return 0;
}

static int get(struct client *c, const char *url, enum mode how)
{
	char place[HEAD_BYTES], host[64], home[64] = "";
	int hops;

	snprintf(place, sizeof(place), "%s", url);
	c->began_ms = now_ms();
	for (hops = 0; hops < 5; hops++) {
		const char *path = split(place, host), *length, *to;
		struct conn *k = path != NULL ? conn_to(c, host) : NULL;
		size_t head;
		int status;

		if (k == NULL)
			return fail(c, "cannot connect to %.100s", place);
		if (hops == 0)
			snprintf(home, sizeof(home), "%s", host);
		if (send_request(k, path, strcmp(home, host) == 0) != 0 ||
		    (head = read_head(k)) == 0)
			return fail(c, "no answer from %s: %s", host, strerror(errno));
		status = status_of(k);
		length = header(k->head, "Content-Length");
		to = header(k->head, "Location");
		if (length == NULL)
			return fail(c, "%s: %d without a length", host, status);
		if (status >= 300 && status < 400 && to != NULL) {
			snprintf(place, sizeof(place), "%.*s", (int)strcspn(to, "\r"),
				 to);
			if (read_body(c, k, head, strtoull(length, NULL, 10), READ) != 0)
				return -1;
			continue;
		}
		if (status != 200)
			return fail(c, "%s answers %d", host, status);
		return read_body(c, k, head, strtoull(length, NULL, 10), how);
	}
	return fail(c, "too many redirects");
}

static void client_init(struct client *c)
{
	int i;

	c->piece = malloc(PIECE_BYTES);
	if (c->piece == NULL)
		die("out of memory");
	for (i = 0; i < MAX_KEPT; i++)
		c->kept[i].fd = -1;
}

static void *run(void *arg)
{
	struct client *c = arg;
	int rc = 0;
	unsigned i;

	if (before != NULL)
		rc = get(c, before, DROP);
	c->bytes = 0;
	pthread_barrier_wait(&together);
	for (i = 0; rc == 0 && i < nurls; i++)
		rc = get(c, urls[i], i + 1 == nurls || c->mode != CHECK ? c->mode : DROP);
	c->done_ms = now_ms();
	return NULL;
}

static int cmd_get(void)
{
	static struct client clients[MAX_CLIENTS];
	double began, done = 0, first_min = 1e12, first_max = 0;
	uint64_t bytes = 0;
	unsigned i, failed = 0;
	const char *why = "";
	pthread_attr_t attr;

	pthread_barrier_init(&together, NULL, nclients + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256u << 10);
	for (i = 0; i < nclients; i++) {
		client_init(&clients[i]);
		clients[i].mode = mode == CHECK && i > 0 ? DROP : mode;
		if (pthread_create(&clients[i].thread, &attr, run, &clients[i]) != 0)
			die("cannot start a thread");
	}
	pthread_barrier_wait(&together);
	began = now_ms();
	for (i = 0; i < nclients; i++) {
		struct client *c = &clients[i];

		pthread_join(c->thread, NULL);
		if (c->error[0] != '\0') {
			failed++;
			why = c->error;
		}
		bytes += c->bytes;
		if (c->done_ms > done)
			done = c->done_ms;
		if (c->first_ms < first_min)
			first_min = c->first_ms;
		if (c->first_ms > first_max)
			first_max = c->first_ms;
	}
	printf("{\"ms\": %.3f, \"first_min_ms\": %.3f, \"first_max_ms\": %.3f, "
	       "\"bytes\": %llu, \"failed\": %u, \"why\": \"%s\"}\n",
	       done - began, first_min, first_max, (unsigned long long)bytes, failed,
	       why);
	return failed > 0;
}

/* Small receive buffers: what stalls must stall in the server, not in the kernel. */
static int stall_one(const char *url, uint64_t upto)
{
	struct timeval tv = { .tv_usec = STILL_MS * 1000 }, patience = { .tv_sec = 10 };
	char piece[65536], host[64];
	const char *path = split(url, host);
	struct conn k = { .fd = path != NULL ? dial(host) : -1 };
	int small = 128 << 10;

	if (k.fd < 0)
		return -1;
	snprintf(k.host, sizeof(k.host), "%s", host);
	setsockopt(k.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(k.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send_request(&k, path, true) != 0)
		return -1;
	if (read_head(&k) == 0 || status_of(&k) != 200)
		return -1;
	setsockopt(k.fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (upto > 0) {
		ssize_t got = recv(k.fd, piece,
				   upto < sizeof(piece) ? (size_t)upto : sizeof(piece),
				   0);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got <= 0)
			return -1;
		upto -= (uint64_t)got;
	}
	return 0;
}

static int cmd_stall(uint64_t upto)
{
	unsigned i;
	char c;

	for (i = 0; i < nclients; i++)
		if (stall_one(urls[0], upto) != 0) {
			fprintf(stderr, "load: client %u: %s\n", i, strerror(errno));
			return 1;
		}
	puts("stalled");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}

/* Is GET path answered 200? Tries until something listens. */
static bool answered(const char *host, const char *path, double until)
{
	struct timespec pause = { .tv_nsec = 100000 };

	while (now_ms() < until) {
		struct conn k = { .fd = dial(host) };
		bool ok;

		if (k.fd < 0) {
			nanosleep(&pause, NULL);
			continue;
		}
		snprintf(k.host, sizeof(k.host), "%s", host);
		ok = send_request(&k, path, true) == 0 && read_head(&k) > 0 &&
		     status_of(&k) == 200;
		close(k.fd);
		if (ok)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static int cmd_start(char **argv)
{
	double began = now_ms();
	char host[64];
	pid_t pid;
	bool ok;

	snprintf(host, sizeof(host), "127.0.0.1:%s", argv[0]);
	pid = fork();
	if (pid < 0)
		die("cannot fork");
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO); /* or ours stays open as long as it runs */
		dup2(null, STDERR_FILENO);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	ok = answered(host, argv[1], began + 30000);
	printf("{\"ms\": %.3f, \"pid\": %d, \"failed\": %d}\n", now_ms() - began, pid,
	       !ok);
	if (!ok)
		kill(pid, SIGKILL);
	return !ok;
}

static void map_want(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		die("cannot open the file to compare with");
	want_bytes = (size_t)st.st_size;
	want = mmap(NULL, want_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (want == MAP_FAILED)
		die("cannot map the file to compare with");
	mode = CHECK;
}

int main(int argc, char **argv)
{
	struct rlimit lim;
	uint64_t upto = 0;
	int opt;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	if (argc >= 5 && strcmp(argv[1], "start") == 0)
		return cmd_start(argv + 2);
	while (argc > 1 && (opt = getopt(argc - 1, argv + 1, "c:H:w:m:n:")) != -1) {
		if (opt == 'c')
			nclients = (unsigned)strtoul(optarg, NULL, 10);
		else if (opt == 'H' && nheaders < MAX_HEADERS)
			headers[nheaders++] = optarg;
		else if (opt == 'w')
			before = optarg;
		else if (opt == 'n')
			upto = strtoull(optarg, NULL, 10);
		else if (opt == 'm' && strncmp(optarg, "check=", 6) == 0)
			map_want(optarg + 6);
		else if (opt == 'm')
			mode = strcmp(optarg, "drop") == 0 ? DROP : READ;
		else
			return 2;
	}
	for (optind++; optind < argc && nurls < MAX_URLS; optind++)
		urls[nurls++] = argv[optind];
	if (nurls == 0 || nclients == 0 || nclients > MAX_CLIENTS)
		die("no URL, or too many clients");
	if (strcmp(argv[1], "get") == 0)
		return cmd_get();
	if (strcmp(argv[1], "stall") == 0)
		return cmd_stall(upto);
	die("get, stall or start?");
}
