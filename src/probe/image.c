/* SPDX-License-Identifier: MIT */
#include "probe/image.h"

#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/symbol_table.h"

/* A part of the file that is loaded: PT_LOAD. */
struct segment {
	uint64_t offset_bytes, size_bytes, address;
};

#define SEGMENT_LIMIT 16

struct image {
	char *path;
	int fd; /* -1 once it was read */
	struct segment segments[SEGMENT_LIMIT];
	size_t segment_count;
	struct symbol_table table;
};

struct image *image_new(const char *path, int fd)
{
	struct image *image = calloc(1, sizeof(*image));

	if (image)
		image->path = strdup(path);
	if (!image || !image->path) {
		free(image);
		close(fd);
		return NULL;
	}
	image->fd = fd;
	return image;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	if (image->fd >= 0)
		close(image->fd);
	symbol_table_release(&image->table);
	free(image->path);
	free(image);
}

static void read_segments(struct image *image, Dwfl_Module *module)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	size_t count;

	if (!elf || elf_getphdrnum(elf, &count))
		return;
	for (size_t i = 0; i < count && image->segment_count < SEGMENT_LIMIT; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD)
			continue;
		image->segments[image->segment_count++] = (struct segment){
			.offset_bytes = header.p_offset,
			.size_bytes = header.p_filesz,
			.address = header.p_vaddr + bias,
		};
	}
}

/* Untyped symbols are functions written in assembler, if they stand among instructions. */
static bool in_code(Elf *elf, GElf_Word section)
{
	GElf_Shdr header;
	Elf_Scn *found = section == SHN_UNDEF || !elf ? NULL : elf_getscn(elf, section);

	return found && gelf_getshdr(found, &header) && header.sh_flags & SHF_EXECINSTR;
}

static bool is_function(const GElf_Sym *symbol, Elf *elf, GElf_Word section)
{
	switch (GELF_ST_TYPE(symbol->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return section != SHN_UNDEF;
	case STT_NOTYPE:
		return in_code(elf, section);
	default:
		return false;
	}
}

/* Without the version that the names of a library's symbols may end in ("fopen@@GLIBC_2.2.5"). */
static void add_symbol(struct symbol_table *table, const struct symbol *symbol, const char *name)
{
	const char *version = strchr(name, '@');
	char bare[256];

	if (version && version > name && (size_t)(version - name) < sizeof(bare)) {
		memcpy(bare, name, (size_t)(version - name));
		bare[version - name] = '\0';
		name = bare;
	}
	symbol_table_add(table, symbol, name);
}

static void read_symbols(struct image *image, Dwfl_Module *module)
{
	int count = dwfl_module_getsymtab(module);

	for (int i = 1; i < count; i++) {
		struct symbol symbol = {0};
		GElf_Sym entry;
		GElf_Addr address;
		GElf_Word section;
		Elf *elf;
		const char *name = dwfl_module_getsym_info(
			module, i, &entry, &address, &section, &elf, NULL);

		if (!name || !*name || !is_function(&entry, elf, section))
			continue;
		symbol.start = address;
		symbol.size_bytes = entry.st_size;
		symbol.preference = (entry.st_size ? 4 : 0) +
				    (GELF_ST_TYPE(entry.st_info) != STT_NOTYPE ? 2 : 0) +
				    (GELF_ST_BIND(entry.st_info) != STB_LOCAL ? 1 : 0);
		add_symbol(&image->table, &symbol, name);
	}
	symbol_table_sort(&image->table);
}

/* Addresses of the module are those of its program headers: it is reported at 0. */
static void read_file(struct image *image)
{
	static char *default_path;
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &default_path,
	};
	Dwfl *dwfl;
	Dwfl_Module *module;

	if (image->fd < 0)
		return;
	dwfl = dwfl_begin(&callbacks);
	if (dwfl) {
		dwfl_report_begin(dwfl);
		module = dwfl_report_elf(dwfl, image->path, image->path, image->fd, 0, true);
		dwfl_report_end(dwfl, NULL, NULL);
		if (module) {
			image->fd = -1; /* libdwfl took it */
			read_segments(image, module);
			read_symbols(image, module);
		}
		dwfl_end(dwfl);
	}
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
}

uint64_t image_address(struct image *image, uint64_t offset_bytes)
{
	read_file(image);
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct segment *segment = &image->segments[i];

		if (offset_bytes - segment->offset_bytes < segment->size_bytes)
			return offset_bytes - segment->offset_bytes + segment->address;
	}
	return offset_bytes;
}

const char *image_find(struct image *image, uint64_t address)
{
	read_file(image);
	return symbol_table_find(&image->table, address);
}
