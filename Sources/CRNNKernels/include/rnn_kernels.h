// Element-wise programs over rows of floats: the inner loops of `RNNTensor.Tape`.
//
// Why C: SwiftPM has no portable way to compile Swift for AVX2 or AVX-512 and Swift cannot choose
// between versions of a function at run time, so SIMD16<Float> stays at SSE2 without FMA, which
// measured 3 to 4 times slower here. `target_clones` compiles one source for every level and the
// loader picks one.

#ifndef RNN_KERNELS_H
#define RNN_KERNELS_H

#include <stdint.h>

// Rows are a whole number of vectors of this many floats, and 64-byte aligned.
#define RNN_LANES 16
// Floats of one register of a program; a chunk of this size is run through the whole program at once.
#define RNN_CHUNK 512

typedef enum {
  RNN_COPY,            // a
  RNN_ADD,             // a + b
  RNN_SUBTRACT,        // a - b
  RNN_MULTIPLY,        // a * b
  RNN_MULTIPLY_ADD,    // a * b + c
  RNN_ADD3,            // a + b + c
  RNN_AFFINE,          // k0 * a + k1
  RNN_SIGMOID,         // 1 / (1 + exp(-a))
  RNN_TANH,            // tanh(a)
  RNN_RELU,            // max(0, a)
  RNN_MAP,             // map(context, a)
  RNN_MAP_SLOPE,       // a * map(context, b)
  RNN_SIGMOID_SLOPE,   // a * b * (1 - b), b = sigmoid(x)
  RNN_TANH_SLOPE,      // a * (1 - b * b), b = tanh(x)
  RNN_GATE,            // b > 0 ? a : 0
  RNN_NORMALIZE,       // a / sqrt(b + k0)
  RNN_QUANTIZE_DOWN,   // clamp(floor(a * k0), k2, k3) * k1
  RNN_QUANTIZE_HALF_UP,
  RNN_QUANTIZE_HALF_EVEN,
  RNN_CLAMP_SLOPE,     // b in [k2, k3] ? a : 0
  RNN_ACCUMULATE,      // destination (one row) += sum of a over the rows
} rnn_op;

typedef struct {
  int32_t op;
  int32_t destination, a, b, c;  // operand indices; unused ones are 0
  float k[4];
  // A function of one variable that has no kernel.
  float (*map)(void *context, float x);
  void *context;
} rnn_instruction;

typedef struct {
  // NULL for a register; then `stride` is the register's number.
  float *base;
  // Floats from one row to the next; 0 for a vector that all rows share.
  int64_t stride;
  // Which of `row_bases` is added to the row.
  int32_t row_base;
} rnn_operand;

// Runs a program over rows x columns elements. `registers` has room for RNN_CHUNK floats for every
// register; `columns` is a multiple of RNN_LANES.
void rnn_tape_run(const rnn_instruction *instructions, int32_t count, const rnn_operand *operands,
                  const int64_t *row_bases, int64_t rows, int64_t columns, float *registers);

// From now on programs run with what every x86-64 has. To be called before any other thread is there.
void rnn_use_common_instructions(void);
int32_t rnn_uses_common_instructions(void);

// Which x86-64-v of a program's instructions is in use, 1, 3 or 4; 0 on other processors.
int32_t rnn_instruction_level(void);

// Asks for rows x columns floats to be brought into the second-level cache.
void rnn_prefetch(const float *base, int64_t stride, int64_t rows, int64_t columns);

// Writes the transpose of a rows x columns matrix (row strides in floats).
void rnn_transpose(const float *source, int64_t source_stride, int64_t rows, int64_t columns,
                   float *destination, int64_t destination_stride);

#endif
