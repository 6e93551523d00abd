#include "rnn_codes.h"

#include <string.h>

#include "clones.h"

#define RNN_EACH(expression) \
  for (int64_t i = 0; i < count; i++) y[i] = (int64_t)(expression)

// Sums and products are unsigned, so that what leaves 64 bits is defined.
RNN_CLONES
void rnn_codes_add(const int64_t *restrict a, const int64_t *restrict b, int64_t count,
                   int64_t *restrict y) {
  RNN_EACH((uint64_t)a[i] + (uint64_t)b[i]);
}

RNN_CLONES
void rnn_codes_subtract(const int64_t *restrict a, const int64_t *restrict b, int64_t count,
                        int64_t *restrict y) {
  RNN_EACH((uint64_t)a[i] - (uint64_t)b[i]);
}

RNN_CLONES
void rnn_codes_multiply(const int64_t *restrict a, const int64_t *restrict b, int64_t count,
                        int64_t *restrict y) {
  RNN_EACH((uint64_t)a[i] * (uint64_t)b[i]);
}

RNN_CLONES
void rnn_codes_relu(const int64_t *restrict a, int64_t count, int64_t *restrict y) {
  RNN_EACH(a[i] > 0 ? a[i] : 0);
}

RNN_CLONES
void rnn_codes_gate(const int64_t *restrict a, const int64_t *restrict b, int64_t count,
                    int64_t *restrict y) {
  RNN_EACH(b[i] > 0 ? a[i] : 0);
}

RNN_INLINE int64_t least(rnn_format format) { return -((int64_t)1 << (format.width - 1)); }
RNN_INLINE int64_t greatest(rnn_format format) { return ((int64_t)1 << (format.width - 1)) - 1; }

RNN_INLINE int64_t within(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

RNN_CLONES
void rnn_codes_requantize(const int64_t *restrict a, int64_t count, int32_t shift,
                          rnn_rounding rounding, rnn_format format, int64_t *restrict y) {
  const int64_t low = least(format), high = greatest(format);
  if (shift > 62) {
    // A code is at most one half of what is kept, and -1/2 becomes 0 by both rules of ties.
    RNN_EACH(rounding == RNN_ROUND_DOWN && a[i] < 0 ? -1 : 0);
  } else if (shift > 0) {
    const int64_t half = (int64_t)1 << (shift - 1);
    switch (rounding) {
      case RNN_ROUND_DOWN: RNN_EACH(a[i] >> shift); break;
      case RNN_ROUND_HALF_UP: RNN_EACH((a[i] + half) >> shift); break;
      // A tie goes up from an odd number only.
      case RNN_ROUND_HALF_EVEN: RNN_EACH((a[i] + half - 1 + (a[i] >> shift & 1)) >> shift); break;
    }
  } else if (format.wraps || shift == 0) {
    // Beyond 63 nothing is left of a code modulo 2^width, and the shift itself would be undefined.
    if (shift < -63) RNN_EACH(0);
    else RNN_EACH((uint64_t)a[i] << -shift);
  } else if (shift < -62) {
    RNN_EACH(a[i] < 0 ? low : a[i] > 0 ? high : 0);
  } else {
    // Compared before the shift, which could leave 64 bits.
    const int64_t above = high >> -shift, below = -(-low >> -shift);
    RNN_EACH(a[i] > above ? high : a[i] < below ? low : (int64_t)((uint64_t)a[i] << -shift));
  }
  if (format.wraps) {
    const int32_t unused = 64 - format.width;
    RNN_EACH((int64_t)((uint64_t)y[i] << unused) >> unused);
  } else {
    RNN_EACH(within(y[i], low, high));
  }
}

RNN_CLONES
void rnn_codes_activate(const int64_t *restrict a, int64_t count, const rnn_table *table,
                        int64_t *restrict y) {
  const rnn_table t = *table;
  const int64_t low = least(t.output), high = greatest(t.output);
  const int64_t span = (t.segments << t.segment_bits) - 1;
  const int64_t mask = ((int64_t)1 << t.segment_bits) - 1;
  const int64_t half = t.shift > 0 ? (int64_t)1 << (t.shift - 1) : 0;
  for (int64_t i = 0; i < count; i++) {
    const int64_t s = within(a[i], t.lower, t.lower + span) - t.lower;
    const int64_t k = s >> t.segment_bits;
    y[i] = within((t.slopes[k] * (s & mask) + t.intercepts[k] + half) >> t.shift, low, high);
  }
}

RNN_CLONES
int64_t rnn_codes_first_outside(const int64_t *restrict a, int64_t count, int64_t low,
                                int64_t high) {
  // Without a jump in the loop it becomes vectors; which one it is matters once in a fault.
  int64_t outside = 0;
  for (int64_t i = 0; i < count; i++) outside |= (a[i] < low) | (a[i] > high);
  if (!outside) return count;
  int64_t i = 0;
  while (a[i] >= low && a[i] <= high) i++;
  return i;
}

RNN_CLONES
void rnn_transformed_products(const int64_t *restrict w, const int64_t *restrict x,
                              int64_t block_rows, int64_t block_columns, int64_t products,
                              int64_t *restrict y) {
  for (int64_t i = 0; i < block_rows; i++) {
    for (int64_t j = 0; j < block_columns; j++) {
      const int64_t *factors = w + (i * block_columns + j) * products;
      for (int64_t p = 0; p < products; p++) {
        y[i * products + p] += (int64_t)((uint64_t)factors[p] * (uint64_t)x[j * products + p]);
      }
    }
  }
}

RNN_CLONES
void rnn_dense_products(const int16_t *restrict w, const int16_t *restrict x, int64_t rows,
                        int64_t columns, int32_t *restrict y) {
  for (int64_t r = 0; r < rows; r++) {
    const int16_t *row = w + r * columns;
    uint32_t sum = 0;
    for (int64_t c = 0; c < columns; c++) sum += (uint32_t)((int32_t)row[c] * (int32_t)x[c]);
    y[r] = (int32_t)sum;
  }
}

// Vectors of a circulant product: a chunk of 8 entries of a block's first column meets four rows.
typedef int16_t chunk __attribute__((vector_size(16)));
typedef int16_t four_rows __attribute__((vector_size(64)));
typedef int32_t four_products __attribute__((vector_size(128)));
typedef uint32_t four_sums __attribute__((vector_size(64)));

// Products of neighbours added in pairs: in this form LLVM uses the instruction that does both.
RNN_INLINE four_sums multiplied(four_rows a, four_rows b) {
  const four_products p =
      __builtin_convertvector(a, four_products) * __builtin_convertvector(b, four_products);
  return (four_sums)__builtin_shufflevector(p, p, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26,
                                            28, 30) +
         (four_sums)__builtin_shufflevector(p, p, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27,
                                            29, 31);
}

RNN_INLINE four_rows repeated(const int16_t *w) {
  chunk c;
  memcpy(&c, w, sizeof c);
  return __builtin_shufflevector(c, c, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3,
                                 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
}

// Eight rows of each of `count` block rows, at most 4: they share the loads of the operand.
RNN_INLINE void eight_rows(int count, const int16_t *w, int64_t width, const four_rows *x,
                           int64_t block, int32_t *y) {
  four_sums sums[4][2] = {0};
  for (int64_t c = 0; c < width / 8; c++) {
    for (int i = 0; i < count; i++) {
      const four_rows v = repeated(w + i * width + 8 * c);
      sums[i][0] += multiplied(v, x[2 * c]);
      sums[i][1] += multiplied(v, x[2 * c + 1]);
    }
  }
  for (int i = 0; i < count; i++) {
    for (int r = 0; r < 8; r++) {
      const four_sums s = sums[i][r / 4];
      const int k = r % 4 * 4;
      y[i * block + r] = (int32_t)(s[k] + s[k + 1] + s[k + 2] + s[k + 3]);
    }
  }
}

RNN_CLONES
void rnn_circulant_products(const int16_t *w, const int16_t *x, int64_t block_rows,
                            int64_t block_columns, int64_t block, int16_t *scratch, int32_t *y) {
  // Row r of a block is the sum over t of first[t] * x[(r - t) mod block]. Scratch holds these x by
  // eight rows, block column, chunk of t, row: whole vectors in the order in which they are read.
  const int64_t width = block_columns * block;
  int16_t *next = scratch;
  for (int64_t r0 = 0; r0 < block; r0 += 8) {
    for (int64_t j = 0; j < block_columns; j++) {
      for (int64_t t0 = 0; t0 < block; t0 += 8) {
        for (int64_t r = r0; r < r0 + 8; r++) {
          for (int64_t t = t0; t < t0 + 8; t++) {
            *next++ = x[j * block + (r >= t ? r - t : r - t + block)];
          }
        }
      }
    }
  }
  for (int64_t r0 = 0; r0 < block; r0 += 8) {
    const four_rows *rows = (const four_rows *)(scratch + r0 * width);
    int64_t i = 0;
    for (; i + 4 <= block_rows; i += 4) {
      eight_rows(4, w + i * width, width, rows, block, y + i * block + r0);
    }
    for (; i < block_rows; i++) {
      eight_rows(1, w + i * width, width, rows, block, y + i * block + r0);
    }
  }
}
