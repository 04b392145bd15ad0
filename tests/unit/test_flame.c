/* SPDX-License-Identifier: MIT */
/* Folded stacks and flame graphs of made-up profiles, friendly and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/flame.h"
#include "report/flame_layout.h"
#include "report/flame_script.h"
#include "tests/unit/golden.h"
#include "tests/unit/xml_peer.h"

#define STACKS(...)                    \
	(struct result_kernel_stack[]) \
	{                              \
		__VA_ARGS__            \
	}
#define COUNT(stacks) (sizeof(stacks) / sizeof((stacks)[0]))

static struct result_kernel_stack usual[] = {
	{"nginx;main;ngx_worker;epoll_wait;do_syscall_64_[k];ep_poll_[k]", 120},
	{"nginx;main;ngx_worker;ngx_http_handler;writev;do_syscall_64_[k];tcp_sendmsg_[k]", 640},
	{"nginx;main;ngx_worker;ngx_http_handler;writev;do_syscall_64_[k]", 32},
	{"nginx;main;ngx_worker;ngx_http_handler;nginx+0x4a2c0", 71},
	{"nginx;main;ngx_worker", 9},
	{"nginx;[unknown];memcpy", 24},
	{"node;[anon]+0x40", 3},
	{"node;JS:*work /srv/app.js:1:19", 1},
	{"node;[kernel, names hidden by kernel.kptr_restrict]_[k]", 2},
};

/* What a process name, a file name or a runtime's map could hold, and a stored record anyway. */
static struct result_kernel_stack hostile[] = {
	{"<script>alert(1)</script>;a&b;\"quoted\" 'too'", 5},
	{"]]>;&amp;;<!--", 4},
	{"tab\there;new\nline;bell\a;\x7f", 3},
	{"\xff\xfe;\xc3;\xed\xa0\x80;\xef\xbf\xbf;\xef\xbf\xbe", 2},
	{"Zürich;日本語の関数;😀", 2},
	{";;", 1},
	{"", 1},
	{"space at end ;_[k];  ", 1},
	{"a_name_that_is_far_too_long_for_its_box_and_must_be_cut_somewhere_0123456789"
	 "0123456789012345678901234567890123456789012345678901234567890123456789",
		1},
};

static struct result_kernel_profile profile_of(struct result_kernel_stack *stacks, size_t count)
{
	struct result_kernel_profile profile = {
		.measured = true,
		.hz = 199,
		.stacks = stacks,
		.stack_count = count,
		.truncated = 24,
	};

	for (size_t i = 0; i < count; i++)
		profile.samples += stacks[i].samples;
	return profile;
}

static void compare_folded(const char *name, const struct result_kernel_profile *profile)
{
	struct buf out = {0};

	flame_folded(profile, &out);
	assert_false(out.failed);
	golden_compare(name, buf_string(&out));
	buf_release(&out);
}

static void draw(struct buf *out, const struct result_kernel_profile *profile, const char *title)
{
	memset(out, 0, sizeof(*out));
	flame_svg(profile, title, out);
	assert_false(out->failed);
}

static void compare_svg(
	const char *name, const struct result_kernel_profile *profile, const char *title)
{
	struct buf out;

	draw(&out, profile, title);
	golden_compare(name, buf_string(&out));
	buf_release(&out);
}

/* Another reader of XML than this program's writer; it prints how many boxes there are, the first
 * line of each title, and complains of what points outside the file. */
static const char reader[] =
	"import sys, xml.etree.ElementTree as tree\n"
	"svg = '{http://www.w3.org/2000/svg}'\n"
	"root = tree.parse(sys.argv[1]).getroot()\n"
	"assert root.tag == svg + 'svg', root.tag\n"
	"boxes = [g for g in root.iter(svg + 'g')]\n"
	"for g in boxes:\n"
	"    rect = g.find(svg + 'rect')\n"
	"    assert float(rect.get('x')) >= 10 and float(rect.get('width')) >= 0.1\n"
	"    assert float(rect.get('x')) + float(rect.get('width')) <= 1190.02\n"
	"    assert int(rect.get('y')) >= 90\n"
	"    assert int(rect.get('y')) + 16 <= int(root.get('height'))\n"
	"for e in root.iter():\n"
	"    assert 'href' not in ' '.join(e.keys()), e.attrib\n"
	"    assert e.tag != svg + 'script' or 'alert' not in e.text\n"
	"print(len(boxes), *[g.find(svg + 'title').text.split('\\n')[0] for g in boxes], "
	"sep='|')\n";

static void a_usual_profile_looks_as_it_did(void **state)
{
	struct result_kernel_profile profile = profile_of(usual, COUNT(usual));

	(void)state;
	compare_folded("flame/usual.folded", &profile);
	compare_svg("flame/usual.svg", &profile, "nginx & node at 10.0.0.1:8080");
	profile.truncated = profile.samples / 2;
	profile.lost = 1234;
	compare_svg("flame/truncated.svg", &profile, "half of it cut short");
}

static void hostile_names_stay_text(void **state)
{
	struct result_kernel_profile profile = profile_of(hostile, COUNT(hostile));

	(void)state;
	compare_folded("flame/hostile.folded", &profile);
	compare_svg("flame/hostile.svg", &profile, "</title><script>alert(1)</script>\x01\xff");
}

/* A line of the folded format is one stack, one space and one number, whatever the names hold. */
static void folded_lines_keep_their_form(void **state)
{
	struct result_kernel_profile profile = profile_of(hostile, COUNT(hostile));
	struct buf out = {0};
	uint64_t samples = 0;
	size_t lines = 0;

	(void)state;
	flame_folded(&profile, &out);
	for (char *line = out.data; *line; line += strcspn(line, "\n") + 1, lines++) {
		const char *space = line + strcspn(line, " \t\n");
		char *end;

		assert_int_equal(*space, ' ');
		samples += strtoull(space + 1, &end, 10);
		assert_int_equal(*end, '\n');
	}
	assert_int_equal(lines, COUNT(hostile));
	assert_int_equal(samples, profile.samples);
	buf_release(&out);
}

static void another_reader_finds_every_box(void **state)
{
	struct result_kernel_profile profile = profile_of(usual, COUNT(usual));
	char said[4096];
	struct buf out;

	(void)state;
	draw(&out, &profile, "title");
	xml_peer_read(&out, reader, said, sizeof(said));
	assert_int_equal(atoi(said), 17);
	assert_non_null(strstr(said, "|tcp_sendmsg|"));
	assert_non_null(strstr(said, "|JS:*work /srv/app.js:1:19|"));
	buf_release(&out);

	profile = profile_of(hostile, COUNT(hostile));
	draw(&out, &profile, "</title><script>alert(1)</script>\x01\xff");
	xml_peer_read(&out, reader, said, sizeof(said));
	assert_non_null(strstr(said, "|<script>alert(1)</script>|"));
	assert_non_null(strstr(said, "|]]>|"));
	assert_non_null(strstr(said, "|&amp|"));
	assert_non_null(strstr(said, "|日本語の関数|"));
	buf_release(&out);
}

static void boxes_lie_within_their_callers(void **state)
{
	struct result_kernel_profile profile = profile_of(
		STACKS({"a", 1}, {"a b;c", 2}, {"a;b;c", 4}, {"a;b", 8}, {"b;c", 16}, {"a;bb", 32}),
		6);
	static const struct {
		const char *name;
		uint32_t depth;
		uint64_t start, end;
	} expected[] = {
		{"c", 2, 9, 13},
		{"b", 1, 1 + 0, 13},
		{"bb", 1, 13, 45},
		{"a", 0, 0, 45},
		{"c", 1, 45, 47},
		{"a b", 0, 45, 47},
		{"c", 1, 47, 63},
		{"b", 0, 47, 63},
	};
	struct flame_layout layout;

	(void)state;
	flame_layout_init(&layout, &profile);
	assert_false(layout.failed);
	assert_int_equal(layout.samples, 63);
	assert_int_equal(layout.count, COUNT(expected));
	for (size_t i = 0; i < layout.count; i++) {
		assert_int_equal(layout.boxes[i].name_bytes, strlen(expected[i].name));
		assert_memory_equal(
			layout.boxes[i].name, expected[i].name, layout.boxes[i].name_bytes);
		assert_int_equal(layout.boxes[i].depth, expected[i].depth);
		assert_int_equal(layout.boxes[i].start, expected[i].start);
		assert_int_equal(layout.boxes[i].end, expected[i].end);
	}
	flame_layout_release(&layout);
}

/* The same functions in the same order: a profile does not depend on the order of its stacks. */
static void the_order_of_stacks_does_not_matter(void **state)
{
	struct result_kernel_stack turned[COUNT(usual)];
	struct result_kernel_profile profile = profile_of(usual, COUNT(usual));
	struct buf first, second;

	(void)state;
	draw(&first, &profile, "title");
	for (size_t i = 0; i < COUNT(usual); i++)
		turned[i] = usual[COUNT(usual) - 1 - i];
	profile.stacks = turned;
	draw(&second, &profile, "title");
	assert_string_equal(first.data, second.data);
	buf_release(&first);
	buf_release(&second);
}

static void what_is_too_narrow_is_left_out(void **state)
{
	struct result_kernel_profile profile = profile_of(
		STACKS({"p;wide", 20000}, {"p;narrow;deep;deeper", 1}), 2);
	struct buf out;
	char said[256];

	(void)state;
	draw(&out, &profile, "title");
	xml_peer_read(&out, reader, said, sizeof(said));
	assert_string_equal(said, "2|wide|p\n");
	buf_release(&out);
}

static void absurd_profiles_do_no_harm(void **state)
{
	struct result_kernel_profile profile = profile_of(
		STACKS({"a;b", UINT64_MAX}, {"a;c", UINT64_MAX}, {"d", 0}), 3);
	size_t length = 100000;
	char *deep = malloc(length + 1), said[8192];
	struct buf out;

	(void)state;
	draw(&out, &profile, "title");
	xml_peer_read(&out, reader, said, sizeof(said));
	buf_release(&out);

	assert_non_null(deep);
	for (size_t i = 0; i < length; i++)
		deep[i] = i % 2 ? ';' : 'f';
	deep[length] = '\0';
	profile = profile_of(STACKS({deep, 7}), 1);
	draw(&out, &profile, "title");
	xml_peer_read(&out, reader, said, sizeof(said));
	assert_int_equal(atoi(said), FLAME_LAYOUT_DEPTH);
	buf_release(&out);
	free(deep);
}

static void without_a_profile_the_reason_stands_there(void **state)
{
	struct result_kernel_profile profile = {
		.reason = (char *)"not permitted to sample CPU 0 <needs root>"};
	struct buf folded = {0};

	(void)state;
	compare_svg("flame/absent.svg", &profile, "title");
	flame_folded(&profile, &folded);
	assert_string_equal(buf_string(&folded), "");
	buf_release(&folded);
	profile = (struct result_kernel_profile){.measured = true};
	compare_svg("flame/empty.svg", &profile, "title");
}

static void the_script_cannot_end_its_section(void **state)
{
	(void)state;
	assert_null(strstr(flame_script, "]]>"));
	assert_null(strstr(flame_script, "http"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_profile_looks_as_it_did),
		cmocka_unit_test(hostile_names_stay_text),
		cmocka_unit_test(folded_lines_keep_their_form),
		cmocka_unit_test(another_reader_finds_every_box),
		cmocka_unit_test(boxes_lie_within_their_callers),
		cmocka_unit_test(the_order_of_stacks_does_not_matter),
		cmocka_unit_test(what_is_too_narrow_is_left_out),
		cmocka_unit_test(absurd_profiles_do_no_harm),
		cmocka_unit_test(without_a_profile_the_reason_stands_there),
		cmocka_unit_test(the_script_cannot_end_its_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
