/*
 * vuln_system.c - systems by the names that data have for them (OSV schema, "Defined
 * ecosystems"). No state.
 */
#include "trust/vuln_system.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* What of os-release follows the colon. */
enum release { RELEASE_NONE, RELEASE_MAJOR, RELEASE_V_MINOR, RELEASE_FULL, RELEASE_NAME };

static const struct {
	const char *id; /* of os-release */
	const char *ecosystem;
	enum release release;
	enum package_kind kind;
} systems[] = {
	{ "debian", "Debian", RELEASE_MAJOR, PACKAGE_DEB },
	{ "ubuntu", "Ubuntu", RELEASE_FULL, PACKAGE_DEB },
	{ "alpine", "Alpine", RELEASE_V_MINOR, PACKAGE_APK },
	{ "wolfi", "Wolfi", RELEASE_NONE, PACKAGE_APK },
	{ "chainguard", "Chainguard", RELEASE_NONE, PACKAGE_APK },
	{ "minimos", "MinimOS", RELEASE_NONE, PACKAGE_APK },
	{ "almalinux", "AlmaLinux", RELEASE_MAJOR, PACKAGE_RPM },
	{ "rocky", "Rocky Linux", RELEASE_MAJOR, PACKAGE_RPM },
	{ "rhel", "Red Hat", RELEASE_MAJOR, PACKAGE_RPM },
	{ "mageia", "Mageia", RELEASE_MAJOR, PACKAGE_RPM },
	{ "photon", "Photon OS", RELEASE_FULL, PACKAGE_RPM },
	{ "opensuse-leap", "openSUSE", RELEASE_NAME, PACKAGE_RPM },
	{ "opensuse-tumbleweed", "openSUSE", RELEASE_NAME, PACKAGE_RPM },
	{ "sles", "SUSE", RELEASE_NAME, PACKAGE_RPM },
};

/* distro-info-data, debian.csv. */
static const struct {
	const char *version, *codename;
} debians[] = {
	{ "8", "jessie" },    { "9", "stretch" },   { "10", "buster" },
	{ "11", "bullseye" }, { "12", "bookworm" }, { "13", "trixie" },
	{ "14", "forky" },    { "15", "duke" },
};

static void debian(const struct contents_os *os, char version[64], char codename[64])
{
	size_t i, n;

	snprintf(version, 64, "%.*s", (int)strcspn(os->version_id, "."), os->version_id);
	snprintf(codename, 64, "%s", os->codename);
	if (codename[0] == '\0' && version[0] == '\0') {
		n = strcspn(os->debian_version, "./"); /* "trixie/sid" */
		if (isalpha((unsigned char)os->debian_version[0]))
			snprintf(codename, 64, "%.*s", (int)n, os->debian_version);
		else
			snprintf(version, 64, "%.*s", (int)n, os->debian_version);
	}
	for (i = 0; i < ARRAY_LEN(debians); i++) {
		if (codename[0] == '\0' && strcmp(version, debians[i].version) == 0)
			snprintf(codename, 64, "%s", debians[i].codename);
		if (version[0] == '\0' && strcmp(codename, debians[i].codename) == 0)
			snprintf(version, 64, "%s", debians[i].version);
	}
	if (version[0] == '\0') /* "sid" */
		snprintf(version, 64, "%s", codename);
}

/* "3.19.1" is "v3.19"; "3.21.0_alpha20240807" and "edge" have none of their own. */
static void alpine(const char *version_id, char out[64])
{
	size_t n = strcspn(version_id, ".");

	out[0] = '\0';
	if (strstr(version_id, "_alpha") != NULL || strstr(version_id, "edge") != NULL)
		snprintf(out, 64, "edge");
	else if (version_id[n] == '.')
		snprintf(out, 64, "v%.*s",
			 (int)(n + 1 + strcspn(version_id + n + 1, ".")), version_id);
}

void vuln_system(const struct contents_os *os, char system[192], char codename[64])
{
	char release[128] = "", own[64];
	size_t i;

	system[0] = codename[0] = '\0';
	for (i = 0; i < ARRAY_LEN(systems); i++)
		if (strcmp(os->id, systems[i].id) == 0)
			break;
	if (i == ARRAY_LEN(systems))
		return;
	if (strcmp(os->id, "debian") == 0) {
		debian(os, own, codename);
		snprintf(release, sizeof(release), "%s", own);
	} else if (systems[i].release == RELEASE_V_MINOR) {
		alpine(os->version_id, own);
		snprintf(release, sizeof(release), "%s", own);
	} else if (systems[i].release == RELEASE_NAME) {
		/* PRETTY_NAME without the name of the ecosystem: "Leap 15.5" */
		const char *name = os->name;
		size_t n = strlen(systems[i].ecosystem);

		name += strncmp(name, systems[i].ecosystem, n) == 0 && name[n] == ' '
				? n + 1
				: 0;
		snprintf(release, sizeof(release), "%s", name);
	} else if (systems[i].release != RELEASE_NONE) {
		snprintf(release, sizeof(release), "%.*s",
			 systems[i].release == RELEASE_MAJOR
				 ? (int)strcspn(os->version_id, ".")
				 : 64,
			 os->version_id);
	}
	if (systems[i].release != RELEASE_NONE && release[0] == '\0')
		return; /* which one is not said: any data might be wrong for it */
	snprintf(system, 192, "%s%s%s%s", systems[i].ecosystem,
		 release[0] != '\0' ? ":" : "",
		 strcmp(os->id, "rhel") == 0 ? "enterprise_linux:" : "", release);
}

/* Another product of the same release: what base images have is in modules. */
static bool is_suse(const char *system, const char *ecosystem)
{
	static const char ours[] = "SUSE:Linux Enterprise Server ", any[] = "SUSE:Linux ";
	const char *release, *at;
	size_t n;

	if (strncmp(system, ours, strlen(ours)) != 0 ||
	    strncmp(ecosystem, any, strlen(any)) != 0)
		return false;
	release = system + strlen(ours) - 1; /* " 15 SP6" */
	at = strstr(ecosystem, release);
	n = strlen(release);
	return at != NULL && n > 1 && (at[n] == '\0' || at[n] == '-');
}

bool vuln_system_is(const char *system, const char *ecosystem)
{
	size_t n = strlen(system), base = strcspn(system, ":");

	if (n == 0)
		return false;
	if (strncmp(ecosystem, system, n) == 0 &&
	    (ecosystem[n] == '\0' || strcmp(ecosystem + n, ":LTS") == 0))
		return true;
	/* of version 10 on minor releases have names of their own: "10.1" */
	if (strncmp(system, "Red Hat:", 8) == 0 && strncmp(ecosystem, system, n) == 0 &&
	    strchr(":.", ecosystem[n]) != NULL)
		return true;
	if (is_suse(system, ecosystem))
		return true;
	return strncmp(ecosystem, system, base) == 0 && ecosystem[base] == '\0';
}

bool vuln_system_kind(const char *ecosystem, enum package_kind *kind)
{
	size_t i, n = strcspn(ecosystem, ":");

	if (strcmp(ecosystem, "PyPI") == 0) {
		*kind = PACKAGE_PYTHON;
		return true;
	}
	for (i = 0; i < ARRAY_LEN(systems); i++)
		if (strlen(systems[i].ecosystem) == n &&
		    strncmp(systems[i].ecosystem, ecosystem, n) == 0) {
			*kind = systems[i].kind;
			return true;
		}
	return false;
}

const char *vuln_system_module(const char *version)
{
	const char *at = strstr(version, ".module");

	return at != NULL && (at[7] == '+' || at[7] == '_') ? at : NULL;
}

bool vuln_system_python(const char *name, char *out, size_t room)
{
	size_t n = 0;

	for (; *name != '\0'; name++) {
		bool mark = strchr("-_.", *name) != NULL;

		if (n + 1 >= room)
			return false;
		if (!mark)
			out[n++] = (char)tolower((unsigned char)*name);
		else if (n == 0 || out[n - 1] != '-')
			out[n++] = '-';
	}
	out[n] = '\0';
	return n > 0;
}
