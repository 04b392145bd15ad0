/* SPDX-License-Identifier: MIT */
#include "tests/servers/shared/wrong.h"

#include <stddef.h>

#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

const char *const wrong_status_lines[] = {
	"HTTP/1.1 20 OK\r\n\r\n",
	"HTTP/1.1 2000 OK\r\n\r\n",
	"HTTP/1.1 099 Low\r\n\r\n",
	"HTTP/1.1 200OK\r\n\r\n",
	"HTTP/1.1  200 OK\r\n\r\n",
	"HTTP/1.1\t200 OK\r\n\r\n",
	"HTTP/1.1 OK\r\n\r\n",
	"HTTP/1.1 -20 OK\r\n\r\n",
	"HTTP/1.1 0x0 OK\r\n\r\n",
	"HTTP/1.1\r\n\r\n",
	"HTTP/1.10 200 OK\r\n\r\n",
	"HTTP/2 200\r\n\r\n",
	"HTTP/2.0 200 OK\r\n\r\n",
	"HTTP/01.1 200 OK\r\n\r\n",
	"HTTP 1.1 200 OK\r\n\r\n",
	"http/1.1 200 OK\r\n\r\n",
	"HTTPS/1.1 200 OK\r\n\r\n",
	" HTTP/1.1 200 OK\r\n\r\n",
	"\r\nHTTP/1.1 200 OK\r\n\r\n",
	"\357\273\277HTTP/1.1 200 OK\r\n\r\n",
	"ICY 200 OK\r\n\r\n",
	"200 OK\r\n\r\n",
	"HTTP/1.1 200 \033[31mOK\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
	"<html><body>502 Bad Gateway</body></html>",
	"SSH-2.0-OpenSSH_9.2\r\n",
	"\025\003\001\002\002\050",
	NULL,
};

const char *const wrong_heads[] = {
	OK "\001\002\003\r\n\r\n",
	OK "no colon here\r\n\r\n",
	OK ": no name\r\n\r\n",
	OK "A name: with a space\r\n\r\n",
	OK "Name : space before the colon\r\n\r\n",
	OK "A: b\r\n folded\r\n\r\n",
	OK "A: b\rC: d\r\n\r\n",
	OK "A: \033]0;title\007\r\n\r\n",
	OK "Content-Length: five\r\n\r\nhello",
	OK "Content-Length: -5\r\n\r\nhello",
	OK "Content-Length: +5\r\n\r\nhello",
	OK "Content-Length: 0x5\r\n\r\nhello",
	OK "Content-Length: 5 5\r\n\r\nhello",
	OK "Content-Length:\r\n\r\nhello",
	OK "Content-Length: 9223372036854775808\r\n\r\nhello",
	OK "Content-Length: 18446744073709551621\r\n\r\nhello",
	OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
	OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	OK "Transfer-Encoding: gzip\r\n\r\nhello",
	OK "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	NULL,
};

const char *const wrong_chunks[] = {
	CHUNKED "garbage\r\n",
	CHUNKED "\r\nhello\r\n0\r\n\r\n",
	CHUNKED "-5\r\nhello\r\n0\r\n\r\n",
	CHUNKED "0x5\r\nhello\r\n0\r\n\r\n",
	CHUNKED "+5\r\nhello\r\n0\r\n\r\n",
	CHUNKED " 5\r\nhello\r\n0\r\n\r\n",
	CHUNKED "4\r\nhello\r\n0\r\n\r\n",
	CHUNKED "6\r\nhello\r\n0\r\n\r\n",
	CHUNKED "7\r\nhello\r\n0\r\n\r\n",
	CHUNKED "5\nhello\r\n0\r\n\r\n",
	CHUNKED "5\r\nhello\n0\r\n\r\n",
	CHUNKED "5\r\nhello0\r\n\r\n",
	CHUNKED "5 5\r\nhello\r\n0\r\n\r\n",
	CHUNKED "8000000000000000\r\nhello",
	CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n",
	CHUNKED "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
	CHUNKED "5;\001\r\nhello\r\n0\r\n\r\n",
	NULL,
};
