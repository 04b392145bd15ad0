/* SPDX-License-Identifier: MIT OR GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a value falls in a log-linear histogram.
 *
 * One index function serves the client's histograms, the kernel's maps and every reader of a stored
 * result, so that merging any two histograms of one layout is a vector add. This header only maps
 * values to cells; it stores nothing (src/measure/hist.h does).
 *
 * The layout is HdrHistogram's (Gil Tene, http://hdrhistogram.org): with B = precision_bits, values
 * below 2^B have a cell each; above, every octave [2^k, 2^(k+1)) is cut into 2^(B-1) equal cells. A
 * cell is thus never wider than value / 2^(B-1): 0.098 % at B = 11 (3 significant digits), 0.78 %
 * at B = 8 (2 digits), 12.5 % at B = 4.
 *
 * Threads: pure functions. Errors: none; values above the last cell go into the last cell.
 * Units: the caller's; ringload uses nanoseconds throughout.
 * Must stay clean for BPF: no libc, no loops, no division.
 */
#ifndef RINGLOAD_HIST_LAYOUT_H
#define RINGLOAD_HIST_LAYOUT_H

#ifndef __bpf__
#include <stdint.h>
#endif

/* Largest precision_bits any caller may use; the smallest is 1. */
#define HIST_LAYOUT_MAX_PRECISION_BITS 14

#ifdef __bpf__
/* 1 unless the value, which is below 2^32, is 0. Without a branch: six of them for each of a dozen
 * values a program records would be more paths than the verifier follows. */
static inline __attribute__((always_inline)) unsigned int hist_layout_any(unsigned long long value)
{
	__asm__("" : "+r"(value)); /* or the compiler makes it a comparison */
	return (unsigned int)((0 - value) >> 63);
}
#endif

/* Position of the highest set bit; value must not be 0. Without a builtin for BPF, which has no
 * such instruction. */
static inline __attribute__((always_inline)) unsigned int hist_layout_log2(unsigned long long value)
{
#ifdef __bpf__
	unsigned int log = hist_layout_any(value >> 32) << 5;

	value >>= log;
	for (unsigned int half = 16; half; half >>= 1) {
		unsigned int shift = hist_layout_any(value >> half) * half;

		value >>= shift;
		log += shift;
	}
	return log;
#else
	return 63 - (unsigned int)__builtin_clzll(value);
#endif
}

/* The cell of a value, not limited to any number of cells. */
static inline __attribute__((always_inline)) unsigned int hist_layout_index(
	unsigned int precision_bits, unsigned long long value)
{
	/* Setting bit B-1 makes every value below 2^B behave as one of the first octave: shift 0.
	 */
	unsigned int shift = hist_layout_log2(value | 1ULL << (precision_bits - 1)) -
			     (precision_bits - 1);

	return (shift << (precision_bits - 1)) + (unsigned int)(value >> shift);
}

/* The smallest value of a cell. */
static inline unsigned long long hist_layout_lowest(unsigned int precision_bits, unsigned int index)
{
	unsigned int octave = index >> (precision_bits - 1);

	if (octave <= 1)
		return index;
	return (unsigned long long)(index - ((octave - 1) << (precision_bits - 1))) << (octave - 1);
}

/* The largest value of a cell. */
static inline unsigned long long hist_layout_highest(
	unsigned int precision_bits, unsigned int index)
{
	unsigned int octave = index >> (precision_bits - 1);
	unsigned long long width = octave <= 1 ? 1 : 1ULL << (octave - 1);

	return hist_layout_lowest(precision_bits, index) + (width - 1);
}

/* How many cells hold every value up to and including highest. */
static inline unsigned int hist_layout_cells(
	unsigned int precision_bits, unsigned long long highest)
{
	return hist_layout_index(precision_bits, highest) + 1;
}

#endif
