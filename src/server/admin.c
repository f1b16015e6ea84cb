/*
 * admin.c - /healthz, /readyz and /metrics.
 */
#include "server/reply.h"
#include "server/server_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "mirror/mirror.h"

#define METRICS_MAX_BYTES (4u << 20)

static bool is_read(const struct request *rq)
{
	return rq->get || rq->head;
}

/* The process lives and serves: nothing else is asked, least of all an upstream. */
enum MHD_Result admin_health(struct request *rq)
{
	if (!is_read(rq))
		return reply_not_allowed(rq, "GET, HEAD", "/healthz can only be read");
	return reply_own(rq, MHD_HTTP_OK, "text/plain; charset=utf-8", VIEW("ok\n"));
}

/* Can the store be read, and is larder not about to stop? */
enum MHD_Result admin_ready(struct request *rq)
{
	struct statvfs vfs;

	if (!is_read(rq))
		return reply_not_allowed(rq, "GET, HEAD", "/readyz can only be read");
	if (atomic_load(&rq->server->stopping))
		return reply_own(rq, MHD_HTTP_SERVICE_UNAVAILABLE,
				 "text/plain; charset=utf-8", VIEW("stopping\n"));
	if (fstatvfs(rq->server->store->dirfd, &vfs) != 0)
		return reply_own(rq, MHD_HTTP_SERVICE_UNAVAILABLE,
				 "text/plain; charset=utf-8",
				 VIEW("the store cannot be read\n"));
	return reply_own(rq, MHD_HTTP_OK, "text/plain; charset=utf-8", VIEW("ready\n"));
}

static metric_cell *gauge(const char *name, const char *help)
{
	return metrics_cell(metrics_family(METRIC_GAUGE, name, "", help), 0, 0, 0, 0);
}

static void update_gauges(struct server *s)
{
	long long pages = 0, resident = 0;
	struct statvfs vfs;
	FILE *f;

	mirror_meter(s->mirror);
	metrics_set(gauge("larder_http_requests_active", "Requests under way"),
		    atomic_load(&s->active));
	if (fstatvfs(s->store->dirfd, &vfs) == 0) {
		metrics_set(
			gauge("larder_disk_free_bytes", "Free space of the store's disk"),
			(int64_t)(vfs.f_bavail * vfs.f_frsize));
		metrics_set(gauge("larder_disk_size_bytes", "Size of the store's disk"),
			    (int64_t)(vfs.f_blocks * vfs.f_frsize));
	}
	f = fopen("/proc/self/statm", "re");
	if (f == NULL)
		return;
	if (fscanf(f, "%lld %lld", &pages, &resident) == 2)
		metrics_set(gauge("process_resident_memory_bytes", "Resident memory"),
			    resident * sysconf(_SC_PAGESIZE));
	fclose(f);
}

enum MHD_Result admin_metrics(struct request *rq)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(METRICS_MAX_BYTES);

	if (!is_read(rq))
		return reply_not_allowed(rq, "GET, HEAD", "/metrics can only be read");
	update_gauges(rq->server);
	if (metrics_render(&text) != 0)
		return reply_text(rq, MHD_HTTP_INTERNAL_SERVER_ERROR,
				  "text/plain; charset=utf-8",
				  VIEW("too many metrics\n"));
	return reply_text(rq, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
			  buf_view(&text));
}
