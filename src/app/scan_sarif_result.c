/*
 * scan_sarif_result.c - one finding of one image. No state.
 *
 * GitHub tells alerts apart by rule, path and partialFingerprints.primaryLocationLineHash
 * (its form: hash, ":", which of those with the same hash), and closes those that a later
 * log does not have. So the path is the repository alone, as Trivy's and Grype's are, and
 * the fingerprint has the image's name, never its digest or a version: an alert stays the
 * same one while a tag moves and a package is built again.
 */
#include "app/scan_sarif_result.h"

#include <stdio.h>

#include "app/scan.h"
#include "app/scan_json.h"
#include "app/scan_sarif_rule.h"
#include "base/human.h"
#include "base/mem.h"

#define MESSAGE_MAX_BYTES 65536
#define NAME_SHOWN 200
#define FINGERPRINT_BYTES 16 /* of SHA-256 */

/* What somebody else chose, in a plain text message: "{" begins a placeholder there
 * (3.11.5), and "](" is the middle of a link (3.11.6). */
void scan_sarif_result_plain(struct buf *b, const char *text, size_t most)
{
	CLEANUP(buf_done)
	struct buf shown = BUF_INIT(MESSAGE_MAX_BYTES);
	const char *p;

	human_escape(&shown, text, most);
	for (p = buf_str(&shown); *p != '\0'; p++) {
		if (p[0] == ']' && p[1] == '(')
			buf_adds(b, "\\");
		buf_add(b, p, 1);
		if (*p == '{' || *p == '}')
			buf_add(b, p, 1);
	}
}

void scan_sarif_result_image(struct buf *b, const struct scan_target *t)
{
	char platform[100];

	scan_sarif_result_plain(b, t->text, IMAGEREF_TEXT_MAX);
	platform_text(&t->platform, platform);
	if (t->platform.os[0] != '\0')
		buf_addf(b, " (%s)", platform);
}

void scan_sarif_result_message(struct jsonout *j, const struct buf *text)
{
	jsonout_open(j, "message", '{');
	jsonout_text(j, "text", buf_str(text));
	jsonout_close(j, '}');
}

static void add_own_message(const struct scan_sarif_entry *at, struct jsonout *j)
{
	const struct vuln_finding *f = at->finding;
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(MESSAGE_MAX_BYTES);

	scan_sarif_result_image(&text, at->target);
	buf_adds(&text, ": ");
	scan_sarif_result_plain(&text, f->unit->name, NAME_SHOWN);
	buf_adds(&text, " ");
	scan_sarif_result_plain(&text, f->unit->version, NAME_SHOWN);
	buf_addf(&text, " has %s (%s%s), ", f->id, vuln_severity_word(f->severity),
		 f->severity == VULN_UNKNOWN ? " severity" : "");
	if (f->fixed[0] != '\0') {
		buf_adds(&text, "fixed in ");
		scan_sarif_result_plain(&text, f->fixed, NAME_SHOWN);
	} else {
		buf_adds(&text, "no fixed version is known");
	}
	buf_adds(&text, ".");
	if (f->undetermined)
		buf_adds(&text, " Whether it is there is not yet determined.");
	if (f->note[0] != '\0') {
		buf_adds(&text, " Its distribution says: ");
		scan_sarif_result_plain(&text, f->note, 1000);
		buf_adds(&text, ".");
	}
	scan_sarif_result_message(j, &text);
}

/* "docker.io/library/app:1"; of an image that is known by its digest alone, that. */
static struct imageref whole_name(const struct scan_target *t)
{
	struct imageref name;

	if (imageref_canonical(&t->image, &name, NULL) != 0)
		name = t->image;
	if (name.tag[0] != '\0')
		name.has_digest = false;
	return name;
}

void scan_sarif_result_place(const struct scan_target *t, bool has_region,
			     struct jsonout *j)
{
	const struct imageref name = whole_name(t);

	jsonout_open(j, "physicalLocation", '{');
	jsonout_open(j, "artifactLocation", '{');
	jsonout_text(j, "uri", name.name.s);
	jsonout_close(j, '}');
	if (has_region) {
		/* GitHub wants all four. */
		jsonout_open(j, "region", '{');
		jsonout_number(j, "startLine", 1);
		jsonout_number(j, "startColumn", 1);
		jsonout_number(j, "endLine", 1);
		jsonout_number(j, "endColumn", 1);
		jsonout_close(j, '}');
	}
	jsonout_close(j, '}');
}

static void add_locations(const struct scan_sarif_entry *at, struct jsonout *j)
{
	const struct vuln_unit *unit = at->finding->unit;
	const struct imageref name = whole_name(at->target);
	char image[IMAGEREF_TEXT_MAX];
	CLEANUP(buf_done)
	struct buf full = BUF_INIT(MESSAGE_MAX_BYTES);

	imageref_text(&name, image);
	buf_addf(&full, "%s/%s/%s@%s", image, package_word(unit->kind), unit->name,
		 unit->version);
	jsonout_open(j, "locations", '[');
	jsonout_open(j, NULL, '{');
	scan_sarif_result_place(at->target, true, j);
	jsonout_open(j, "logicalLocations", '[');
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "name", unit->name);
	jsonout_text(j, "fullyQualifiedName", buf_str(&full));
	jsonout_text(j, "kind", "package");
	jsonout_close(j, '}');
	jsonout_close(j, ']');
	jsonout_close(j, '}');
	jsonout_close(j, ']');
}

static void add_fingerprints(const struct scan_sarif_entry *at, struct jsonout *j)
{
	const struct imageref name = whole_name(at->target);
	const struct vuln_unit *unit = at->finding->unit;
	CLEANUP(buf_done)
	struct buf what = BUF_INIT(MESSAGE_MAX_BYTES);
	char image[IMAGEREF_TEXT_MAX], platform[100], hex[DIGEST_HEX_MAX], text[80];
	struct digest d;

	imageref_text(&name, image);
	platform_text(&at->target->platform, platform);
	/* None of these has a line end. */
	buf_addf(&what, "%s\n%s\n%s\n%s\n%s\n", image, platform, package_word(unit->kind),
		 unit->name, at->finding->id);
	digest_of(HASH_SHA256, buf_str(&what), what.n, &d);
	digest_hex(&d, hex);
	snprintf(text, sizeof(text), "%.*s:%u", 2 * FINGERPRINT_BYTES, hex, at->nth);
	jsonout_open(j, "partialFingerprints", '{');
	jsonout_text(j, "primaryLocationLineHash", text);
	jsonout_text(j, "larderImagePackageId/v1", text);
	jsonout_close(j, '}');
}

static void add_suppressions(const struct vuln_finding *f, struct jsonout *j)
{
	jsonout_open(j, "suppressions", '[');
	if (f->ignored != NULL) {
		jsonout_open(j, NULL, '{');
		jsonout_text(j, "kind", "external");
		jsonout_text(j, "status", "accepted");
		jsonout_text(j, "justification", f->ignored);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

void scan_sarif_result(struct scan *s, const struct scan_sarif_entry *at,
		       bool has_suppressions, struct jsonout *j)
{
	const struct scan_target *t = at->target;
	char text[DIGEST_TEXT_MAX], platform[100];

	jsonout_open(j, NULL, '{');
	jsonout_text(j, "ruleId", at->finding->id);
	jsonout_number(j, "ruleIndex", at->rule);
	jsonout_text(j, "level", scan_sarif_rule_level(at->finding->severity));
	add_own_message(at, j);
	add_locations(at, j);
	add_fingerprints(at, j);
	if (has_suppressions)
		add_suppressions(at->finding, j);
	jsonout_open(j, "properties", '{');
	jsonout_text(j, "image", t->text);
	digest_text(&t->root, text);
	jsonout_text(j, "digest", text);
	platform_text(&t->platform, platform);
	jsonout_text(j, "platform", platform);
	scan_json_finding(s, t, at->finding, j);
	jsonout_close(j, '}');
	jsonout_close(j, '}');
}
