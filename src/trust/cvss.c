/*
 * cvss.c - the formulas of the base groups of v2 and v3. Tables are the specifications'.
 */
#include "trust/cvss.h"

#include <stdbool.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "trust/cvss_v4.h"
#include "trust/cvss_vector.h"

/* v3.1, section 7.4; PR by unchanged scope. S has no weight. */
static const struct cvss_metric metrics3[] = {
	{ "AV", "NALP", { 0.85, 0.62, 0.55, 0.2 } },
	{ "AC", "LH", { 0.77, 0.44 } },
	{ "PR", "NLH", { 0.85, 0.62, 0.27 } },
	{ "UI", "NR", { 0.85, 0.62 } },
	{ "S", "UC", { 0, 1 } },
	{ "C", "NLH", { 0, 0.22, 0.56 } },
	{ "I", "NLH", { 0, 0.22, 0.56 } },
	{ "A", "NLH", { 0, 0.22, 0.56 } },
};
enum { AV3, AC3, PR3, UI3, S3, C3, I3, A3 };
static const double pr_changed[] = { 0.85, 0.68, 0.5 };

/* v2 guide, section 3.2.1. */
static const struct cvss_metric metrics2[] = {
	{ "AV", "LAN", { 0.395, 0.646, 1.0 } }, { "AC", "HML", { 0.35, 0.61, 0.71 } },
	{ "Au", "MSN", { 0.45, 0.56, 0.704 } }, { "C", "NPC", { 0, 0.275, 0.66 } },
	{ "I", "NPC", { 0, 0.275, 0.66 } },	{ "A", "NPC", { 0, 0.275, 0.66 } },
};
enum { AV2, AC2, AU2, C2, I2, A2 };

#define METRICS_MAX ARRAY_LEN(metrics3)

/* v3.1, appendix A: to one decimal, upwards, unmoved by how doubles are kept. */
static int round_up(double score)
{
	long n = lround(score * 100000);

	return (int)(n % 10000 == 0 ? n / 10000 : n / 10000 + 1);
}

static int score3(const char *text)
{
	const struct cvss_metric *m = metrics3;
	int v[METRICS_MAX];
	double iss, impact, exploit, pr;

	if (cvss_vector_read(m, ARRAY_LEN(metrics3), ARRAY_LEN(metrics3), text, v) != 0)
		return -1;
	iss = 1 - (1 - m[C3].weight[v[C3]]) * (1 - m[I3].weight[v[I3]]) *
			  (1 - m[A3].weight[v[A3]]);
	impact = v[S3] == 0 ? 6.42 * iss
			    : 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15);
	pr = v[S3] == 0 ? m[PR3].weight[v[PR3]] : pr_changed[v[PR3]];
	exploit = 8.22 * m[AV3].weight[v[AV3]] * m[AC3].weight[v[AC3]] * pr *
		  m[UI3].weight[v[UI3]];
	if (impact <= 0)
		return 0;
	if (v[S3] == 0)
		return round_up(fmin(impact + exploit, 10));
	return round_up(fmin(1.08 * (impact + exploit), 10));
}

static int score2(const char *text)
{
	const struct cvss_metric *m = metrics2;
	int v[METRICS_MAX];
	double impact, exploit, score;

	if (cvss_vector_read(m, ARRAY_LEN(metrics2), ARRAY_LEN(metrics2), text, v) != 0)
		return -1;
	impact = 10.41 * (1 - (1 - m[C2].weight[v[C2]]) * (1 - m[I2].weight[v[I2]]) *
				      (1 - m[A2].weight[v[A2]]));
	exploit = 20 * m[AV2].weight[v[AV2]] * m[AC2].weight[v[AC2]] *
		  m[AU2].weight[v[AU2]];
	score = (0.6 * impact + 0.4 * exploit - 1.5) * (impact > 0 ? 1.176 : 0);
	return (int)lround(score * 10);
}

int cvss_score(const char *vector)
{
	char plain[128];
	size_t n = strlen(vector);

	if (strncmp(vector, "CVSS:3.0/", 9) == 0 || strncmp(vector, "CVSS:3.1/", 9) == 0)
		return score3(vector + 9);
	if (strncmp(vector, "CVSS:4.0/", 9) == 0)
		return cvss_v4_score(vector + 9);
	if (n >= sizeof(plain) || strncmp(vector, "CVSS:", 5) == 0)
		return -1;
	if (n > 2 && vector[0] == '(' && vector[n - 1] == ')') {
		vector++;
		n -= 2;
	}
	memcpy(plain, vector, n);
	plain[n] = '\0';
	return score2(plain);
}
