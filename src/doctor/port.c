/*
 * port.c - /proc/net/tcp and tcp6 name the socket, /proc/PID/fd the process that has it.
 */
#include "doctor/port.h"

#include <ctype.h>
#include <dirent.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define LISTENING 0x0a
#define INODES_MAX 16 /* sockets that listen on one port, at several addresses */

/* The inodes of sockets that listen on the port. */
static size_t find_sockets(const char *path, uint16_t port, unsigned long *inode,
			   size_t n)
{
	FILE *f = fopen(path, "re");
	unsigned local, state;
	unsigned long found;
	char line[512];

	if (f == NULL)
		return n;
	while (n < INODES_MAX && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line,
			   " %*u: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x %*s %*s %*s "
			   "%*u %*u %lu",
			   &local, &state, &found) == 3 &&
		    local == port && state == LISTENING)
			inode[n++] = found;
	fclose(f);
	return n;
}

static bool has_socket(const char *fds, const unsigned long *inode, size_t n)
{
	char path[320], to[64], want[64];
	struct dirent *entry;
	DIR *dir = opendir(fds);
	bool found = false;
	ssize_t len;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", fds, entry->d_name);
		len = readlink(path, to, sizeof(to) - 1);
		if (len <= 0)
			continue;
		to[len] = '\0';
		for (size_t i = 0; i < n && !found; i++) {
			snprintf(want, sizeof(want), "socket:[%lu]", inode[i]);
			found = strcmp(to, want) == 0;
		}
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

static void read_name(int pid, char out[64])
{
	char path[64];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	n = fread(out, 1, 63, f);
	fclose(f);
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	for (size_t i = 0; out[i] != '\0'; i++)
		if (out[i] < ' ' || out[i] > '~')
			out[i] = '.';
}

static void find_process(const unsigned long *inode, size_t n, struct port_holder *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char fds[64];

	while (proc != NULL && out->pid == 0 && (entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    strlen(entry->d_name) > 10)
			continue;
		snprintf(fds, sizeof(fds), "/proc/%.10s/fd", entry->d_name);
		if (has_socket(fds, inode, n))
			out->pid = (int)strtol(entry->d_name, NULL, 10);
	}
	if (proc != NULL)
		closedir(proc);
	if (out->pid != 0)
		read_name(out->pid, out->name);
}

void port_find(uint16_t port, struct port_holder *out)
{
	unsigned long inode[INODES_MAX];
	size_t n = find_sockets("/proc/net/tcp", port, inode, 0);

	*out = (struct port_holder){ 0 };
	n = find_sockets("/proc/net/tcp6", port, inode, n);
	out->taken = n > 0;
	if (n > 0)
		find_process(inode, n, out);
}

int port_try(const char *host, uint16_t port, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list;
	CLEANUP(mem_closep)
	int fd = -1;
	char service[8];
	int rc, on = 1;

	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0)
		return err_set(e, ERR_INVALID, "%s: %s", host != NULL ? host : "*",
			       gai_strerror(rc));
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	rc = fd >= 0 ? bind(fd, list->ai_addr, list->ai_addrlen) : -1;
	freeaddrinfo(list);
	if (rc != 0)
		return err_errno(e, "port %u cannot be listened on", port);
	return 0;
}
