/*
 * setting_table.c - every setting, once.
 *
 * Read by people in this order, in `larder help settings` and docs/settings.md.
 */
#include "settings/setting_table.h"

#include "settings/setting_draft.h"
#include "base/mem.h"

#define S(field) offsetof(struct setting_draft, s.field)
#define D(field) offsetof(struct setting_draft, field)
#define U(field) offsetof(struct draft_upstream, u.field)
#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define TERA INT64_C(1000000000000)
#define YEAR ((int64_t)365 * 24 * HOUR)

const struct setting_row setting_table_rows[] = {
	{ "version", NULL, SETTING_VERSION, 0, 0, 0, NULL,
	  "Version of the file's form; a file must say 0.1." },

	{ "storage.filesystem.rootdirectory", "root", SETTING_TEXT, S(root), 0, 0,
	  "(/var/lib/registry, or ~/.local/share/larder)",
	  "Directory of the store. A volume of registry:2 opens in place. The default is "
	  "/var/lib/registry for root and where that directory may be written, else "
	  "larder in $XDG_DATA_HOME or in ~/.local/share." },
	{ "storage.delete.enabled", NULL, SETTING_BOOL, S(deletes), 0, 0, "false",
	  "Manifests, tags and blobs of repositories that live here may be deleted." },
	{ "storage.maintenance.readonly.enabled", NULL, SETTING_BOOL, S(readonly), 0, 0,
	  "false", "Nothing may be pushed or deleted." },
	{ "storage.maintenance.uploadpurging.enabled", NULL, SETTING_BOOL,
	  S(purge_uploads), 0, 0, "true",
	  "Uploads that nobody goes on with are removed." },
	{ "storage.maintenance.uploadpurging.age", NULL, SETTING_DURATION,
	  S(upload_age_ms), SECOND, YEAR, "168h",
	  "How long nothing must have come for an upload before it is removed." },
	{ "storage.maintenance.uploadpurging.interval", NULL, SETTING_DURATION,
	  S(purge_interval_ms), SECOND, YEAR, "24h", "How often they are looked for." },

	{ "http.addr", "addr", SETTING_ADDR, S(addr), 0, 0, "127.0.0.1:5000",
	  "Where to listen: host:port, [IPv6]:port, or :port for all interfaces, IPv4 "
	  "and "
	  "IPv6. Port 0 lets the kernel choose. A socket that systemd passes is served "
	  "instead." },
	{ "http.tls.certificate", NULL, SETTING_TEXT, S(tls_certificate), 0, 0, NULL,
	  "PEM file of the server's certificate and its chain: serves https. Read again "
	  "when it changes." },
	{ "http.tls.key", NULL, SETTING_TEXT, S(tls_key), 0, 0, NULL,
	  "PEM file of the certificate's key." },
	{ "http.tls.clientcas", NULL, SETTING_LIST, S(tls_client_cas), 0, 0, NULL,
	  "PEM files of authorities: clients must show a certificate of theirs." },
	{ "http.tls.minimumtls", NULL, SETTING_TEXT, S(tls_minimum), 0, 0, "tls1.2",
	  "Oldest version of TLS that is spoken: tls1.0, tls1.1, tls1.2 or tls1.3." },
	{ "http.net", NULL, SETTING_TCP, 0, 0, 0, "tcp", "Only tcp." },
	{ "http.headers.*", NULL, SETTING_HEADER, S(headers), 0, 0, NULL,
	  "Headers for every response: a name, and a list of values." },
	{ "http.draintimeout", NULL, SETTING_DURATION, S(drain_ms), 0, HOUR, "30s",
	  "How long a stop waits for requests in flight. A second signal ends at once." },

	{ "log.level", "log-level", SETTING_LEVEL, S(log_level), 0, 0, "info",
	  "Least important event that is logged: debug, info, warn or error." },
	{ "log.formatter", "log-format", SETTING_FORMAT, S(log_format), 0, 0, "text",
	  "Form of a log line: text or json (logstash is json)." },
	{ "log.accesslog.disabled", NULL, SETTING_NOT, S(access_log), 0, 0, "false",
	  "No line a request on standard output." },

	{ "auth.htpasswd.realm", NULL, SETTING_TEXT, S(realm), 0, 0, NULL,
	  "What a request for a password says it is for." },
	{ "auth.htpasswd.path", NULL, SETTING_TEXT, S(htpasswd), 0, 0, NULL,
	  "File of users and bcrypt hashes (htpasswd -B): clients must log in. Read "
	  "again "
	  "when it changes. If it is missing it is made, with a user docker whose "
	  "password "
	  "is logged once." },

	{ "proxy.remoteurl", NULL, SETTING_URL, D(remote_url), 0, 0, NULL,
	  "Be a cache of this registry: it becomes the default upstream, under the name "
	  "of "
	  "the URL's host (docker.io for registry-1.docker.io)." },
	{ "proxy.username", NULL, SETTING_SECRET, D(remote_username), 0, 0, NULL,
	  "Credential for that registry." },
	{ "proxy.password", NULL, SETTING_SECRET, D(remote_password), 0, 0, NULL,
	  "Credential for that registry." },

	{ "larder.mirror", "mirror", SETTING_BOOL, S(mirror), 0, 0, "false",
	  "Mirror Docker Hub as the default upstream, and gcr.io, ghcr.io, quay.io, "
	  "registry.k8s.io, mcr.microsoft.com, public.ecr.aws, lscr.io and "
	  "registry.gitlab.com by ?ns= or by path prefix." },
	{ "larder.freshness", "freshness", SETTING_AGE, S(freshness_ms), 0, YEAR, "10m",
	  "Age of a tag before its upstream is asked whether it has moved; 0 or always: "
	  "at every pull." },
	{ "larder.patience", "patience", SETTING_DURATION, S(patience_ms), 0, MINUTE,
	  "2s", "Longest wait for such a check when there is a copy to answer with." },
	{ "larder.negative", NULL, SETTING_DURATION, S(negative_ms), 0, 5 * MINUTE, "10s",
	  "How long the answer \"there is no such tag\" of an upstream is remembered." },
	{ "larder.tags", NULL, SETTING_TAGS, S(tags), 0, YEAR, NULL,
	  "Freshness by pattern over host/name:tag, such as "
	  "docker.io/library/*:latest: an age, always, or pinned (never asked again). "
	  "The "
	  "first pattern that matches decides. In a variable: pattern=age,pattern=age." },
	{ "larder.local", NULL, SETTING_PATTERNS, S(local), 0, 0, NULL,
	  "Patterns of repository names that live here and are never looked up outside. "
	  "In "
	  "a variable: pattern,pattern." },
	{ "larder.access", NULL, SETTING_ACCESS, S(access), 0, 0, NULL,
	  "Who may do what: rules of the form \"who pattern rights\". who is a user's "
	  "name, "
	  "anonymous (everybody) or users (who has logged in); pattern is one over "
	  "repository names; rights are pull, push, delete with commas, or all. Rules "
	  "grant; what none grants is refused. In a variable: rule;rule. Without rules, "
	  "who has logged in may do everything." },
	{ "larder.sparse-indexes", NULL, SETTING_BOOL, S(sparse_indexes), 0, 0, "false",
	  "An index may be pushed although manifests that it names are not here." },
	{ "larder.docker-config", NULL, SETTING_TEXT, S(docker_config), 0, 0, NULL,
	  "Path of a Docker config.json to take upstream credentials from, with its "
	  "credHelpers and credsStore. None is read unless named." },
	{ "larder.ca", NULL, SETTING_TEXT, S(ca_file), 0, 0, NULL,
	  "PEM file of authorities to trust for all upstreams, besides the system's." },
	{ "larder.upstreams.*.url", NULL, SETTING_URL, U(url), 0, 0, "(https://<host>)",
	  "Where that registry is reached. The part before names it as image names do." },
	{ "larder.upstreams.*.default", NULL, SETTING_BOOL, U(is_default), 0, 0, "false",
	  "This upstream serves names without a host. At most one does." },
	{ "larder.upstreams.*.freshness", NULL, SETTING_AGE, U(freshness_ms), 0, YEAR,
	  "(larder.freshness)", "Freshness of this upstream's tags." },
	{ "larder.upstreams.*.credentials", NULL, SETTING_CREDENTIALS, 0, 0, 0, NULL,
	  "Credential for this upstream as user:password, or a map as below; or a list "
	  "of "
	  "maps, each of username, password (or password-file) and names, a list of "
	  "patterns over repository names as the upstream has them. A request is made "
	  "with the first that is for its repository, and with no other, whatever "
	  "becomes of it; the last may be without names, for all else. In a variable: "
	  "[{username: u, password: p, names: [team/**]}, ...]." },
	{ "larder.upstreams.*.credentials.username", NULL, SETTING_SECRET, U(username), 0,
	  0, NULL, "User name." },
	{ "larder.upstreams.*.credentials.password", NULL, SETTING_SECRET, U(password), 0,
	  0, NULL, "Password or access token." },
	{ "larder.upstreams.*.credentials.password-file", NULL, SETTING_TEXT,
	  offsetof(struct draft_upstream, password_file), 0, 0, NULL,
	  "File that holds the password, instead; a line end after it is left out." },
	{ "larder.upstreams.*.ca", NULL, SETTING_TEXT, U(ca_file), 0, 0, NULL,
	  "PEM file of authorities to trust for this upstream, besides the system's." },
	{ "larder.upstreams.*.realm", NULL, SETTING_HOST, U(realm_host), 0, 0, NULL,
	  "Host of a token service elsewhere that may be sent this credential." },
	{ "larder.timeouts.connect", NULL, SETTING_DURATION, S(connect_ms), 1,
	  10 * MINUTE, "5s", "To reach an upstream." },
	{ "larder.timeouts.header", NULL, SETTING_DURATION, S(header_ms), 1, 10 * MINUTE,
	  "10s", "From a request to the first line of its answer." },
	{ "larder.timeouts.stall", NULL, SETTING_DURATION, S(stall_ms), 1, 10 * MINUTE,
	  "10s", "Without a byte of a download." },
	{ "larder.flights", NULL, SETTING_COUNT, S(flights), 1, 1024, "32",
	  "Downloads at once. A quarter of it is each upstream's own, on top where "
	  "others "
	  "have taken all." },
	{ "larder.threads", NULL, SETTING_COUNT, S(threads), 1, 256, "(processors)",
	  "Threads that serve requests." },
	{ "larder.connections", NULL, SETTING_COUNT, S(connections), 1, 1000000, "4096",
	  "Clients' connections at once; the limit on open files bounds it." },

	{ "larder.policy", "policy", SETTING_TEXT, S(policy), 0, 0, NULL,
	  "File that says which images must be signed, and by whom (docs/policy.md). It "
	  "is enforced at every manifest that is served." },
	{ "larder.images", "images", SETTING_TEXT, S(images), 0, 0, NULL,
	  "List of the images that larder pull, larder update and larder.schedule work "
	  "on: one a line, as in base-images.txt." },

	{ "larder.lock", "lock", SETTING_TEXT, S(lock), 0, 0, NULL,
	  "Lock file, as larder lock writes it: a tag in it is what the file says for "
	  "every client, wherever its upstream has moved it since, and such images stay "
	  "here. Read again at SIGHUP. See docs/lock.md." },
	{ "larder.schedule", NULL, SETTING_TEXT, S(schedule), 0, 0, NULL,
	  "When, while it serves, the images of larder.images are compared with their "
	  "upstreams and brought here if they have moved: crontab's five fields in the "
	  "machine's time zone, as in \"30 4 * * *\", or @hourly, @daily, @weekly." },
	{ "larder.reserve", NULL, SETTING_COUNT, S(reserve), 0, 1000000, "20",
	  "Pulls of an upstream's quota that are left for what clients wait for: with no "
	  "more than these left, larder.schedule and larder update fetch nothing, and of "
	  "tags that have moved the copy that is here goes on being served." },
	{ "larder.size", "size", SETTING_SIZE, S(size), 1000000, 100, "0",
	  "What all content in the store may have: bytes, as 200GB or 50GiB, or per cent "
	  "of the size of the disk it is on, as 80%. To stay within it, mirrored images "
	  "that were used longest ago go by themselves; never what is pinned, locked, "
	  "listed in larder.images, or lives here. 0: no limit. See docs/storage.md." },
	{ "larder.size-low", NULL, SETTING_SIZE, S(size_low), 1, 99, "90%",
	  "Down to where images go once the store has come to 95% of larder.size (or, if "
	  "this is more, halfway between this and larder.size): per cent of larder.size, "
	  "or bytes below it." },
	{ "larder.keep", NULL, SETTING_KEEP, S(keep), 0, 100 * YEAR, NULL,
	  "Which tags stay, by pattern over host/name:tag: last:N keeps the N of a "
	  "repository that came last, used:DURATION those that were used or came within "
	  "that time, as in docker.io/library/*=last:5,used:90d. A tag that its pattern, "
	  "the first that matches, does not keep goes with the next collection, unless "
	  "it "
	  "is pinned, locked or listed. With local: before it, a pattern is over the "
	  "names of "
	  "repositories that live here; only then any of theirs go. In a variable: "
	  "pattern=rules;pattern=rules." },
	{ "larder.collect", NULL, SETTING_DURATION, S(collect_ms), 0, YEAR, "24h",
	  "How often, while it serves, content that nothing names any more is removed, "
	  "at "
	  "low priority; 0: only by larder prune." },
	{ "larder.grace", NULL, SETTING_DURATION, S(grace_ms), 0, YEAR, "24h",
	  "How long a blob that was pushed stays without a manifest that names it." },
	{ "larder.scrub", NULL, SETTING_DURATION, S(scrub_ms), 0, YEAR, "7d",
	  "How often, while it serves, all of the store is read and hashed again, at low "
	  "priority; what is wrong is fetched again where there is an upstream to have "
	  "it "
	  "from. 0: only by larder scrub." },
	{ "larder.scrub-rate", NULL, SETTING_BYTES, S(scrub_rate), 0, TERA, "20MB",
	  "How many bytes a second that reads at most; 0: none, which is as larder.scrub "
	  "0." },

	{ "larder.vulnerabilities", NULL, SETTING_TEXT, S(vulnerabilities), 0, 0, NULL,
	  "Where the data of vulnerabilities are that larder scan compares images with: "
	  "a "
	  "folder of files as OSV, Alpine and Debian publish them, or oci:NAME:TAG, an "
	  "artifact of a registry that has such files. See docs/scan.md." },
	{ "larder.vulnerabilities-age", NULL, SETTING_DURATION, S(vulnerabilities_age_ms),
	  0, YEAR, "7d",
	  "How old they may be before larder scan warns of it; 0: as old as they like." },

	/* What registry:2 knows besides. */
	{ "auth", NULL, SETTING_AUTH, 0, 0, 0, NULL,
	  "of its kinds there is htpasswd; larder.access makes rules" },
	{ "http.tls.ciphersuites", NULL, SETTING_NOTED, 0, 0, 0, NULL,
	  "the TLS library chooses among those that are safe" },
	{ "http.tls.letsencrypt", NULL, SETTING_REFUSED, 0, 0, 0, NULL,
	  "certificates are not fetched; give http.tls.certificate and http.tls.key the "
	  "files of a client such as certbot" },
	{ "middleware", NULL, SETTING_REFUSED, 0, 0, 0, NULL,
	  "this version has no middleware" },
	{ "http.prefix", NULL, SETTING_REFUSED, 0, 0, 0, NULL,
	  "this version serves /v2/ at the root only" },
	{ "storage.filesystem.maxthreads", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "storage.inmemory", NULL, SETTING_NOTED, 0, 0, 0, NULL,
	  "images are kept on disk, in the root directory" },
	{ "storage.cache", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "storage.redirect", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "storage.tag", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "storage.maintenance.uploadpurging.dryrun", NULL, SETTING_NOTED, 0, 0, 0, NULL,
	  "uploads are removed or they are not; there is no dry run" },
	{ "proxy.ttl", NULL, SETTING_NOTED, 0, 0, 0, NULL,
	  "images stay; larder.freshness says when a tag is checked" },
	{ "proxy.exec", NULL, SETTING_NOTED, 0, 0, 0, NULL,
	  "larder.docker-config runs credential helpers" },
	{ "proxy.cachewritetimeout", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "http.host", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "http.secret", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "http.relativeurls", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "http.http2", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "http.h2c", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "http.debug", NULL, SETTING_NOTED, 0, 0, 0, NULL,
	  "/metrics is at the main address" },
	{ "log.fields", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "log.reportcaller", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "log.hooks", NULL, SETTING_NOTED, 0, 0, 0, NULL, "no mail is sent" },
	{ "loglevel", NULL, SETTING_NOTED, 0, 0, 0, NULL, "use log.level" },
	{ "reporting", NULL, SETTING_NOTED, 0, 0, 0, NULL, "nothing is reported" },
	{ "notifications", NULL, SETTING_NOTED, 0, 0, 0, NULL, "no events are sent" },
	{ "redis", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "health", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "catalog", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "compatibility", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "validation.manifests.indexes", NULL, SETTING_NOTED, 0, 0, 0, NULL,
	  "larder.sparse-indexes says whether an index may name what is not here" },
	{ "validation", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
	{ "policy", NULL, SETTING_SILENT, 0, 0, 0, NULL, NULL },
};
const size_t setting_table_len = ARRAY_LEN(setting_table_rows);
