/* SPDX-License-Identifier: MIT */
/*
 * Calls a fuzz target once for each file of a corpus, without libFuzzer: `make test` does so in
 * every variant.
 *
 * Each input is laid so that it ends where an inaccessible page begins: reading one byte too far is
 * a crash even without a sanitizer. An empty corpus is a failure, as it would test nothing.
 *
 * Usage: TARGET FILE|DIRECTORY...
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_INPUT_BYTES (16U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct guarded {
	uint8_t *base; /* whole pages, the last of them inaccessible */
	size_t bytes;
	size_t room_bytes; /* in front of the inaccessible page */
};

static int complain(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return -1;
}

static int guarded_init(struct guarded *guarded, size_t input_bytes)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);

	guarded->room_bytes = (input_bytes / page_bytes + 1) * page_bytes;
	guarded->bytes = guarded->room_bytes + page_bytes;
	guarded->base = mmap(
		NULL, guarded->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (guarded->base == MAP_FAILED)
		return -1;
	return mprotect(guarded->base + guarded->room_bytes, page_bytes, PROT_NONE);
}

static int read_whole(int fd, uint8_t *to, size_t bytes)
{
	while (bytes > 0) {
		ssize_t got = read(fd, to, bytes);

		if (got <= 0)
			return -1;
		to += got;
		bytes -= (size_t)got;
	}
	return 0;
}

static int replay_file(const char *path, size_t input_bytes)
{
	struct guarded guarded;
	uint8_t *input;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return complain(path);
	if (guarded_init(&guarded, input_bytes) != 0) {
		close(fd);
		return complain(path);
	}
	input = guarded.base + guarded.room_bytes - input_bytes;
	if (read_whole(fd, input, input_bytes) != 0) {
		close(fd);
		munmap(guarded.base, guarded.bytes);
		return complain(path);
	}
	close(fd);
	LLVMFuzzerTestOneInput(input, input_bytes);
	munmap(guarded.base, guarded.bytes);
	return 0;
}

static int replay_path(const char *path, size_t *count);

static int replay_directory(const char *path, size_t *count)
{
	struct dirent **entries;
	int status = 0;
	int entry_count = scandir(path, &entries, NULL, alphasort);

	if (entry_count < 0)
		return complain(path);
	for (int i = 0; i < entry_count; i++) {
		char below[PATH_MAX];
		bool fits = snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name) <
			    (int)sizeof(below);

		if (entries[i]->d_name[0] != '.' && (!fits || replay_path(below, count) != 0))
			status = -1;
		free(entries[i]);
	}
	free(entries);
	return status;
}

static int replay_path(const char *path, size_t *count)
{
	struct stat stat_buffer;

	if (stat(path, &stat_buffer) != 0)
		return complain(path);
	if (S_ISDIR(stat_buffer.st_mode))
		return replay_directory(path, count);
	if (stat_buffer.st_size > LARGEST_INPUT_BYTES) {
		errno = EFBIG;
		return complain(path);
	}
	(*count)++;
	/* Told before, not after: the last line names the input that crashed. */
	printf("%s\n", path);
	fflush(stdout);
	return replay_file(path, (size_t)stat_buffer.st_size);
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++)
		if (replay_path(argv[i], &count) != 0)
			return 1;
	if (count == 0) {
		fprintf(stderr, "no input to replay\n");
		return 1;
	}
	return 0;
}
