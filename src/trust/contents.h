/*
 * contents.h - what is inside an image: its system, its packages, its configuration.
 *
 * Read from the layers in the store, as streams, in their order, and nothing of them to
 * disk; each is unpacked once (trust/layers.h has the exception). What counts is what the
 * last layer leaves: whiteouts, opaque directories, hard links and symbolic links to
 * databases are followed as OCI image-spec layer.md has it. (mirror/inventory.h is about
 * which images there are.)
 *
 * Memory: the packages, and the largest database while it is read; rpm's with its log
 * until the end (the limits below).
 * Blocks on the disk and takes as long as unpacking the layers does: not for a thread
 * that serves. Any thread; a struct contents is its owner's.
 */
#ifndef LARDER_TRUST_CONTENTS_H
#define LARDER_TRUST_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/store.h"
#include "trust/package.h"

#define CONTENTS_MAX_LAYERS 1000
#define CONTENTS_MAX_CONFIG (4u << 20)	  /* bytes of an image's configuration */
#define CONTENTS_MAX_DATABASE (64u << 20) /* bytes of a dpkg or apk database */
#define CONTENTS_MAX_RPM (256u << 20)	  /* bytes of an rpm database */
#define CONTENTS_MAX_FILES 50000	  /* databases and Python distributions */
#define CONTENTS_MAX_GAPS 1000		  /* the last says that there are more */
#define CONTENTS_JSON_MAX (256u << 20)	  /* bytes that contents_json may need */

/* /etc/os-release or /usr/lib/os-release (os-release(5)); "" where not said. */
struct contents_os {
	char id[64];		 /* "debian", "alpine", "rhel" */
	char version_id[64];	 /* "12", "3.19.1" */
	char codename[64];	 /* "bookworm" */
	char name[128];		 /* "Debian GNU/Linux 12 (bookworm)" */
	char id_like[128];	 /* "debian", "rhel centos fedora" */
	char debian_version[64]; /* /etc/debian_version: "12.5", "trixie/sid" */
};

struct contents_pair {
	const char *name, *value;
};

/* OCI image-spec config.md. Texts are never NULL; lists may be empty. */
struct contents_config {
	struct platform platform;
	const char *created; /* RFC 3339, as written */
	const char *user, *workdir, *stop_signal;
	const char *healthcheck; /* its object as JSON text; "": none */
	/* In the order of the document. has_...: entrypoint and cmd may be absent. */
	bool has_entrypoint, has_cmd;
	const char **entrypoint, **cmd;
	size_t nentrypoint, ncmd;
	/* Sorted by name, then value: environment ("PATH"), labels; value "" where there
	 * is none. */
	struct contents_pair *env, *label;
	size_t nenv, nlabel;
	const char **port, **volume; /* sorted: "80/tcp", "/data" */
	size_t nport, nvolume;
};

struct contents_layer {
	struct digest digest; /* as stored, packed */
	uint64_t size;
	bool has_diff_id;
	struct digest diff_id; /* of it unpacked: equal where only the packing differs */
	char media_type[MEDIATYPE_MAX];
	const char *created_by; /* of the configuration's history; "": not said */
	bool read;		/* false: foreign and not here, or no archive; see gaps */
};

/* Something that could not be read, so that the rest is not all. */
struct contents_gap {
	size_t layer;	  /* index, or CONTENTS_NO_LAYER */
	const char *path; /* in the image; "" of a whole layer */
	const char *why;  /* for people */
};
#define CONTENTS_NO_LAYER ((size_t)-1)

struct contents {
	struct digest digest; /* the manifest's */
	uint64_t bytes;	      /* of configuration and layers, as stored, each once */
	struct contents_os os;
	struct packages packages; /* sorted (package.h) */
	struct contents_config config;
	struct contents_layer *layer;
	size_t nlayers;
	struct contents_gap *gap;
	size_t ngaps;
	struct arena *arena; /* of the texts above */
};

/* All of an image of one platform. ERR_NOT_FOUND: the manifest is not in this
 * repository, or a blob it needs is not here; ERR_INVALID: it is an index (choose a
 * platform first), no image at all (an artifact), or damaged: a layer that is no archive,
 * a configuration that is no JSON; ERR_CORRUPT: a blob does not match its digest;
 * ERR_LIMIT: against the limits above or those of codec/tar.h. A database that is
 * damaged, too large or of a format that is not read is a gap and no error. Release *out
 * with contents_done; after -1 it is untouched. */
int contents_read(struct store *s, const struct reponame *name,
		  const struct digest *manifest, struct contents *out, struct err *e);
void contents_done(struct contents *c);

/* Appends it all as one JSON object, without a newline: kinds as package_word says,
 * layers counted from 0. -1: over out's limit. */
int contents_json(const struct contents *c, struct buf *out);

#endif
