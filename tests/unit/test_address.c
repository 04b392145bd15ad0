/* SPDX-License-Identifier: MIT */
/* URLs taken apart, and names resolved. Nothing here leaves the machine: names are literals,
 * "localhost", or in the ".invalid" domain, which no resolver answers (RFC 6761). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "plan/address.h"

static void assert_url(const char *text, const char *host, unsigned int port, const char *header,
	const char *target)
{
	struct address_url url;
	struct err err = {0};

	if (address_parse_url(&url, text, &err))
		fail_msg("%s refused: %s", text, err.text);
	assert_string_equal(url.host, host);
	assert_int_equal(url.port, port);
	assert_string_equal(url.header, header);
	assert_string_equal(url.target, target);
	address_url_release(&url);
	assert_null(url.host);
}

static void assert_refused(const char *text, const char *sentence)
{
	struct address_url url;
	struct err err = {0};

	assert_true(address_parse_url(&url, text, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, sentence);
	assert_null(url.host);
	assert_null(url.header);
	assert_null(url.target);
}

static void test_urls(void **state)
{
	(void)state;
	assert_url("http://localhost:8080/", "localhost", 8080, "localhost:8080", "/");
	assert_url("http://example.com", "example.com", 80, "example.com", "/");
	assert_url("HTTP://Example.COM:80/x", "Example.COM", 80, "Example.COM", "/x");
	assert_url("http://a-b_c.d:65535/p/q?r=s&t=%20#frag", "a-b_c.d", 65535, "a-b_c.d:65535",
		"/p/q?r=s&t=%20");
	assert_url("http://h?x=1", "h", 80, "h", "/?x=1");
	assert_url("http://h#top", "h", 80, "h", "/");
	assert_url("http://10.1.2.3:81/a@b:c", "10.1.2.3", 81, "10.1.2.3:81", "/a@b:c");
	assert_url("http://h/http://other/", "h", 80, "h", "/http://other/");
	assert_url("http://h:00080/", "h", 80, "h", "/");
}

static void test_ipv6_literals(void **state)
{
	(void)state;
	assert_url("http://[::1]/", "::1", 80, "[::1]", "/");
	assert_url("http://[::1]:8080/a", "::1", 8080, "[::1]:8080", "/a");
	assert_url("http://[2001:db8::1]", "2001:db8::1", 80, "[2001:db8::1]", "/");
	assert_url("http://[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", 1, "[::ffff:1.2.3.4]:1", "/");
	/* The zone is for this host alone: it does not go over the wire. */
	assert_url("http://[fe80::1%25eth0]:8080/", "fe80::1%eth0", 8080, "[fe80::1]:8080", "/");
	assert_url("http://[fe80::1%eth0]/", "fe80::1%eth0", 80, "[fe80::1]", "/");
	assert_refused("http://[::1/", "URL \"http://[::1/\" has \"[\" without \"]\": expected as "
				       "in \"[::1]:8080\"");
	assert_refused("http://[]/", "URL \"http://[]/\" has no IPv6 address in its brackets");
	assert_refused("http://[1.2.3.4]/",
		"URL \"http://[1.2.3.4]/\" has no IPv6 address in its brackets");
	assert_refused("http://[::1]8080/", "URL \"http://[::1]8080/\" goes on after \"]\": "
					    "expected \":\" and a port there");
	assert_refused("http://[fe80::1%25]/", "URL \"http://[fe80::1%25]/\" has no interface "
					       "after \"%\": expected as in \"[fe80::1%25eth0]\"");
	assert_refused("http://::1:8080/", "URL \"http://::1:8080/\" has more than one \":\": an "
					   "IPv6 address goes in brackets, as in "
					   "\"[::1]:8080\"");
}

static void test_schemes(void **state)
{
	(void)state;
	assert_refused("localhost:8080",
		"URL \"localhost:8080\" has no scheme: write \"http://localhost:8080/\"");
	assert_refused("localhost:8080/a?b",
		"URL \"localhost:8080/a?b\" has no scheme: write \"http://localhost:8080/a?b\"");
	assert_refused("//h/a", "URL \"//h/a\" has no scheme: write \"http://h/a\"");
	assert_refused("://h/a", "URL \"://h/a\" has no scheme: write \"http://h/a\"");
	assert_refused("h/a://b", "URL \"h/a://b\" has no scheme: write \"http://h/a://b\"");
	assert_refused("http:/h/", "URL \"http:/h/\" has no \"//\" after \"http:\": expected as in "
				   "\"http://localhost:8080/\"");
	assert_refused("http:h", "URL \"http:h\" has no \"//\" after \"http:\": expected as in "
				 "\"http://localhost:8080/\"");
	assert_refused("https://h/", "URL \"https://h/\": TLS is not supported by this version; "
				     "expected \"http://\"");
	assert_refused("ftp://h/", "URL \"ftp://h/\" has scheme \"ftp\": expected \"http\" or "
				   "\"http+unix\"");
	assert_refused("unix:/run/x.sock", "URL \"unix:/run/x.sock\" has no scheme: a unix socket "
					   "is written as in \"http+unix://%2Frun%2Fx.sock/\"");
	assert_refused("https+unix://%2Fx/", "URL \"https+unix://%2Fx/\": TLS is not supported by "
					     "this version; expected \"http://\"");
}

static void test_unix_sockets(void **state)
{
	char text[400];
	struct address_url url;
	struct err err = {0};

	(void)state;
	assert_url("http+unix://%2Frun%2Fx.sock/a?b#c", "unix:/run/x.sock", 0, "localhost", "/a?b");
	assert_url("HTTP+UNIX://%2frun%2fx.sock", "unix:/run/x.sock", 0, "localhost", "/");
	assert_url("http+unix://.%2Fx%3A1%25%20/", "unix:./x:1% ", 0, "localhost", "/");
	assert_url("http+unix://%2Fa%40b/", "unix:/a@b", 0, "localhost", "/");
	/* Abstract names, in three ways. */
	assert_url("http+unix://%00name/a", "unix:@name", 0, "localhost", "/a");
	assert_url("http+unix://@name/a", "unix:@name", 0, "localhost", "/a");
	assert_url("http+unix://%40name/a", "unix:@name", 0, "localhost", "/a");
	assert_refused("http+unix:///run/x.sock/a",
		"URL \"http+unix:///run/x.sock/a\" has no host: the path of a unix socket goes "
		"there percent-encoded, as in \"http+unix://%2Frun%2Fx.sock/path\"");
	assert_refused("http+unix://run/x.sock",
		"URL \"http+unix://run/x.sock\" names no unix socket in place of the host: its "
		"path goes there percent-encoded, as in \"http+unix://%2Frun%2Fx.sock/path\"");
	assert_refused("http+unix://%2Fx:80/",
		"URL \"http+unix://%2Fx:80/\" has a port, which a unix socket has not: write "
		"\"%3A\" for a \":\" in its path");
	assert_refused("http+unix://%2Fx%2/",
		"URL \"http+unix://%2Fx%2/\" has a \"%\" without two hexadecimal digits in the "
		"socket's path: write \"%25\" for the character itself");
	assert_refused("http+unix://%2Fx%00y/",
		"URL \"http+unix://%2Fx%00y/\" has a NUL byte inside the socket's path: expected "
		"it "
		"only before the name of an abstract socket, as in \"http+unix://%00name/\"");
	assert_refused("http+unix://@/", "\"unix:@\" has no name after \"@\": expected that of an "
					 "abstract socket, as in \"unix:@name\"");
	snprintf(text, sizeof(text), "http+unix://%%2F%0107d/", 0);
	assert_true(address_parse_url(&url, text, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "a unix socket's path of 108 bytes is too long"));
	snprintf(text, sizeof(text), "http+unix://%%2F%0106d/", 0);
	assert_int_equal(address_parse_url(&url, text, &err), 0);
	address_url_release(&url);
}

static void test_hosts(void **state)
{
	char text[400];

	(void)state;
	assert_refused(
		"http:///a", "URL \"http:///a\" has no host: expected as in \"localhost:8080\"");
	assert_refused("http://:80/",
		"URL \"http://:80/\" has no host: expected as in \"localhost:8080\"");
	assert_refused("http://a b/", "URL \"http://a b/\" has a host with other characters than "
				      "letters, digits, \"-\", \".\" and \"_\"");
	assert_refused("http://a\r\nX: y/", "URL \"http://a\\x0d\\x0aX: y/\" has a host with other "
					    "characters than letters, digits, \"-\", \".\" and "
					    "\"_\"");
	assert_refused("http://b\xc3\xbc.de/", "URL \"http://b\\xc3\\xbc.de/\" has a host that is "
					       "not ASCII: write its \"xn--\" form");
	snprintf(text, sizeof(text), "http://%0254d/", 0);
	struct address_url url;
	struct err err = {0};

	assert_true(address_parse_url(&url, text, &err) < 0);
	assert_non_null(strstr(err.text, "has a host of more than 253 bytes"));
	snprintf(text, sizeof(text), "http://%0253d/", 0);
	assert_int_equal(address_parse_url(&url, text, &err), 0);
	address_url_release(&url);
}

static void test_ports(void **state)
{
	(void)state;
	assert_refused(
		"http://h:/", "URL \"http://h:/\" has no port after \":\": expected 1 to 65535");
	assert_refused(
		"http://h:0/", "URL \"http://h:0/\" has a port out of range: expected 1 to 65535");
	assert_refused("http://h:65536/",
		"URL \"http://h:65536/\" has a port out of range: expected 1 to 65535");
	assert_refused("http://h:99999999999999999999/",
		"URL \"http://h:99999999999999999999/\" has a port out of range: expected 1 to "
		"65535");
	assert_refused("http://h:80a/",
		"URL \"http://h:80a/\" has a port that is not a number: expected 1 to 65535");
	assert_refused("http://h:-1/",
		"URL \"http://h:-1/\" has a port that is not a number: expected 1 to 65535");
}

/* A password is not repeated, whatever else is wrong with the URL. */
static void test_user_names_are_refused_unseen(void **state)
{
	static const char *const urls[] = {"http://me:secret@h/", "me:secret@h:80",
		"https://me:secret@h/", "http://me:secret@[::1/", "http://me:secret@h:x/",
		"http+unix://me:secret@%2Fx/", "http+unix://@me:secret@%2Fx/"};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_refused(urls[i],
			"the URL has a user name or password before \"@\": leave it out and send "
			"it as a header, as in -H \"Authorization: Basic ...\"");
}

static void test_paths(void **state)
{
	char text[ADDRESS_URL_BYTES + 2];
	struct address_url url;
	struct err err = {0};

	(void)state;
	assert_refused("http://h/a b", "URL \"http://h/a b\" has a space, a control character or a "
				       "byte outside ASCII in its path: write it percent-encoded, "
				       "as in \"%20\"");
	assert_true(address_parse_url(&url, "http://h/\r\nX: y", &err) < 0);
	assert_true(address_parse_url(&url, "http://h/\xc3\xa4", &err) < 0);
	/* What is dropped does not matter. */
	assert_url("http://h/a#b c", "h", 80, "h", "/a");
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://h/", 9);
	text[ADDRESS_URL_BYTES + 1] = '\0';
	assert_true(address_parse_url(&url, text, &err) < 0);
	assert_non_null(strstr(err.text, "is longer than 16384 bytes"));
	text[ADDRESS_URL_BYTES] = '\0';
	assert_int_equal(address_parse_url(&url, text, &err), 0);
	address_url_release(&url);
}

static void assert_host_port_refused(const char *text, const char *sentence)
{
	struct err err = {0};
	char *host = NULL;
	uint16_t port;

	assert_true(address_parse_host_port(text, &host, &port, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, sentence);
	assert_null(host);
}

static void test_host_port(void **state)
{
	char *host;
	uint16_t port;

	(void)state;
	assert_int_equal(address_parse_host_port("10.0.0.1:8080", &host, &port, NULL), 0);
	assert_string_equal(host, "10.0.0.1");
	assert_int_equal(port, 8080);
	free(host);
	assert_int_equal(address_parse_host_port("[::1]:81", &host, &port, NULL), 0);
	assert_string_equal(host, "::1");
	assert_int_equal(port, 81);
	free(host);
	/* Another port of the URL's host. */
	assert_int_equal(address_parse_host_port(":8080", &host, &port, NULL), 0);
	assert_null(host);
	assert_int_equal(port, 8080);
	assert_int_equal(address_parse_host_port("[fe80::1%eth0]:81", &host, &port, NULL), 0);
	assert_string_equal(host, "fe80::1%eth0");
	free(host);
	assert_host_port_refused("h", "\"h\" has no port: write \"h:80\"");
	assert_host_port_refused("http://h:80", "\"http://h:80\" is a URL: expected HOST:PORT");
	assert_host_port_refused(
		"h:80/", "\"h:80/\" has a port that is not a number: expected 1 to 65535");
	assert_host_port_refused("h:", "\"h:\" has no port after \":\": expected 1 to 65535");
	assert_host_port_refused(":", "\":\" has no port after \":\": expected 1 to 65535");
	assert_host_port_refused("h:80:i:81",
		"\"h:80:i:81\" has more than a host and a port: write "
		"only \"i:81\"");
	assert_host_port_refused("::i:81", "\"::i:81\" has more than a host and a port: write only "
					   "\"i:81\"");
	assert_host_port_refused("::1:80",
		"\"::1:80\" has more than one \":\": an IPv6 address goes "
		"in brackets, as in \"[::1]:8080\"");
	assert_host_port_refused("[::1]", "\"[::1]\" has no port: write \"[::1]:80\"");
	assert_host_port_refused("::1", "\"::1\" has more than one \":\": an IPv6 address goes in "
					"brackets, as in \"[::1]:8080\"");
	assert_host_port_refused("", "\"\" has no host: expected as in \"localhost:8080\"");
}

static void test_host_port_of_unix_sockets(void **state)
{
	char *host;
	uint16_t port = 1;

	(void)state;
	assert_int_equal(address_parse_host_port("unix:/run/x.sock", &host, &port, NULL), 0);
	assert_string_equal(host, "unix:/run/x.sock");
	assert_int_equal(port, 0);
	free(host);
	assert_int_equal(address_parse_host_port("unix:@name", &host, &port, NULL), 0);
	assert_string_equal(host, "unix:@name");
	free(host);
	/* A host may be called so. */
	assert_int_equal(address_parse_host_port("unix:8080", &host, &port, NULL), 0);
	assert_string_equal(host, "unix");
	assert_int_equal(port, 8080);
	free(host);
	assert_host_port_refused("/run/x.sock", "\"/run/x.sock\" is a path: write "
						"\"unix:/run/x.sock\" for a unix socket there");
	assert_host_port_refused("unix:x.sock",
		"\"unix:x.sock\" names no unix socket: expected a path, as in \"unix:/run/x.sock\" "
		"or \"unix:./x.sock\", or the name of an abstract one, as in \"unix:@name\"");
}

static void test_resolve_unix_sockets(void **state)
{
	struct plan_address *addresses;
	struct sockaddr_un *un;
	struct err err = {0};
	size_t count;

	(void)state;
	assert_int_equal(address_resolve("unix:/run/x.sock", 0, &addresses, &count, NULL), 0);
	assert_int_equal(count, 1);
	un = (struct sockaddr_un *)&addresses[0].sockaddr;
	assert_int_equal(un->sun_family, AF_UNIX);
	assert_string_equal(un->sun_path, "/run/x.sock");
	assert_int_equal(addresses[0].sockaddr_bytes,
		offsetof(struct sockaddr_un, sun_path) + sizeof("/run/x.sock"));
	assert_string_equal(addresses[0].text, "unix:/run/x.sock");
	free(addresses);
	/* Without a NUL at its end, which would belong to the name. */
	assert_int_equal(address_resolve("unix:@name", 0, &addresses, &count, NULL), 0);
	un = (struct sockaddr_un *)&addresses[0].sockaddr;
	assert_memory_equal(un->sun_path, "\0name", 5);
	assert_int_equal(addresses[0].sockaddr_bytes, offsetof(struct sockaddr_un, sun_path) + 5);
	assert_string_equal(addresses[0].text, "unix:@name");
	free(addresses);
	assert_int_equal(address_resolve("unix:///run/x.sock", 0, &addresses, &count, NULL), 0);
	assert_string_equal(addresses[0].text, "unix:/run/x.sock");
	free(addresses);
	assert_true(address_resolve("unix:x", 0, &addresses, &count, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_null(addresses);
	assert_int_equal(count, 0);
}

/* Loopback is there in every namespace, and may have a zone as any interface. */
static void test_zones(void **state)
{
	struct plan_address *addresses;
	struct err err = {0};
	size_t count;

	(void)state;
	assert_int_equal(address_resolve("fe80::1%lo", 80, &addresses, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(((struct sockaddr_in6 *)&addresses[0].sockaddr)->sin6_scope_id,
		if_nametoindex("lo"));
	assert_string_equal(addresses[0].text, "[fe80::1%lo]:80");
	free(addresses);
	assert_int_equal(address_resolve("fe80::1%1", 80, &addresses, &count, NULL), 0);
	free(addresses);
	assert_true(address_resolve("fe80::1%no-such", 80, &addresses, &count, &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_ptr_equal(
		strstr(err.text, "IPv6 address \"fe80::1%no-such\" is on an interface that "
				 "does not exist here; this machine has "),
		err.text);
	assert_true(address_resolve("fe80::1%4000000000", 80, &addresses, &count, &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_true(address_resolve("fe80::1", 80, &addresses, &count, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_ptr_equal(
		strstr(err.text, "IPv6 address \"fe80::1\" is link-local: name the interface "
				 "it is on, as in \"[fe80::1%25eth0]\"; this machine has "),
		err.text);
	assert_true(address_resolve("::1%lo", 80, &addresses, &count, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, "IPv6 address \"::1%lo\" has an interface, which only "
				      "link-local ones (fe80::/10) need: leave \"%lo\" out");
}

static void test_resolve_literals(void **state)
{
	struct plan_address *addresses;
	size_t count;

	(void)state;
	assert_int_equal(address_resolve("127.0.0.1", 8080, &addresses, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(addresses[0].text, "127.0.0.1:8080");
	assert_int_equal(addresses[0].sockaddr.ss_family, AF_INET);
	free(addresses);
	assert_int_equal(address_resolve("::1", 8080, &addresses, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(addresses[0].text, "[::1]:8080");
	assert_int_equal(addresses[0].sockaddr.ss_family, AF_INET6);
	free(addresses);
	/* As long as an address can be. */
	assert_int_equal(address_resolve("fd00:1111:2222:3333:4444:5555:6666:7777", 65535,
				 &addresses, &count, NULL),
		0);
	assert_string_equal(addresses[0].text, "[fd00:1111:2222:3333:4444:5555:6666:7777]:65535");
	free(addresses);
}

static void test_resolve_names(void **state)
{
	struct plan_address *addresses;
	size_t count;

	(void)state;
	assert_int_equal(address_resolve("localhost", 80, &addresses, &count, NULL), 0);
	assert_in_range(count, 1, 2);
	for (size_t i = 0; i < count; i++) {
		assert_true(strcmp(addresses[i].text, "127.0.0.1:80") == 0 ||
			    strcmp(addresses[i].text, "[::1]:80") == 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(addresses[i].text, addresses[j].text);
	}
	free(addresses);
}

static void test_names_that_do_not_resolve(void **state)
{
	struct plan_address *addresses;
	struct err err = {0};
	size_t count;

	(void)state;
	/* A name that is refused before any server is asked: a label of more than 63 bytes. */
	assert_true(address_resolve("a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				    "aaaaaaaaa.invalid",
			    80, &addresses, &count, &err) < 0);
	assert_int_equal(err.kind, ERR_TARGET);
	assert_ptr_equal(strstr(err.text, "cannot resolve host \"a.aaa"), err.text);
	assert_non_null(strstr(err.text, "invalid\": "));
	/* The resolver's words, not those of the errno that is returned. */
	assert_null(strstr(err.text, strerror(EHOSTUNREACH)));
	assert_null(addresses);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_ipv6_literals),
		cmocka_unit_test(test_schemes),
		cmocka_unit_test(test_unix_sockets),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_user_names_are_refused_unseen),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_host_port),
		cmocka_unit_test(test_host_port_of_unix_sockets),
		cmocka_unit_test(test_resolve_unix_sockets),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_resolve_literals),
		cmocka_unit_test(test_resolve_names),
		cmocka_unit_test(test_names_that_do_not_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
