// Operations on vectors of fixed-point codes: the inner loops of `RNNReference`.
//
// They are plain loops over 64-bit integers that a compiler turns into vectors, in C for the same
// reason as `rnn_kernels.h`. Results that leave 64 bits are the caller's fault and come out modulo 2^64.
// A result does not share memory with an operand.

#ifndef RNN_CODES_H
#define RNN_CODES_H

#include <stdint.h>

typedef enum {
  RNN_ROUND_DOWN,       // toward minus infinity
  RNN_ROUND_HALF_UP,    // to nearest, ties toward plus infinity
  RNN_ROUND_HALF_EVEN,  // to nearest, ties to even
} rnn_rounding;

// The codes of a signed format, and what becomes of a number that is none of them.
typedef struct {
  int32_t width;
  int32_t wraps;  // modulo 2^width; otherwise the nearest code
} rnn_format;

// A piecewise-linear function; `RNNFixedPoint.ActivationTable` says how it is computed.
typedef struct {
  const int64_t *slopes;
  const int64_t *intercepts;
  int64_t lower;
  int64_t segments;
  int32_t segment_bits;
  int32_t shift;  // bits that the result drops, rounded half up, 0 to 62
  rnn_format output;
} rnn_table;

void rnn_codes_add(const int64_t *a, const int64_t *b, int64_t count, int64_t *y);
void rnn_codes_subtract(const int64_t *a, const int64_t *b, int64_t count, int64_t *y);
void rnn_codes_multiply(const int64_t *a, const int64_t *b, int64_t count, int64_t *y);
// max(a, 0)
void rnn_codes_relu(const int64_t *a, int64_t count, int64_t *y);
// b > 0 ? a : 0
void rnn_codes_gate(const int64_t *a, const int64_t *b, int64_t count, int64_t *y);

// a * 2^-shift, rounded, in the format. Codes are at most 2^62 in magnitude; a negative shift is exact.
void rnn_codes_requantize(const int64_t *a, int64_t count, int32_t shift, rnn_rounding rounding,
                          rnn_format format, int64_t *y);

void rnn_codes_activate(const int64_t *a, int64_t count, const rnn_table *table, int64_t *y);

// The index of the first code outside low...high; `count` if there is none.
int64_t rnn_codes_first_outside(const int64_t *a, int64_t count, int64_t low, int64_t high);

// Adds the products of transformed blocks and transformed operands, element by element, over all block
// columns: y[i][p] += sum over j of w[i][j][p] * x[j][p].
void rnn_transformed_products(const int64_t *w, const int64_t *x, int64_t block_rows,
                              int64_t block_columns, int64_t products, int64_t *y);

// Products of a row-major matrix and a vector, in 32-bit sums modulo 2^32.
void rnn_dense_products(const int16_t *w, const int16_t *x, int64_t rows, int64_t columns,
                        int32_t *y);

// Products of a block-circulant matrix and a vector, in 32-bit sums modulo 2^32.
//
// `block` is a multiple of 8. `w` has the first columns of the blocks, one row of blocks after the
// other; x has block_columns * block numbers, y takes block_rows * block sums. `scratch` has room for
// block_columns * block * block numbers and is 64-byte aligned.
void rnn_circulant_products(const int16_t *w, const int16_t *x, int64_t block_rows,
                            int64_t block_columns, int64_t block, int16_t *scratch, int32_t *y);

#endif
