/*
 * sent.c - TCP_INFO. A file of its own: the C library's struct tcp_info lacks what is
 * asked for, and its header and the kernel's cannot be had together. No state.
 */
#include "server/sent.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

bool sent_bytes(int fd, uint64_t *out)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
	    n < offsetof(struct tcp_info, tcpi_bytes_retrans) +
			    sizeof(info.tcpi_bytes_retrans))
		return false;
	*out = info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
	return true;
}
