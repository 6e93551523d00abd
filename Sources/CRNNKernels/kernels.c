#include "rnn_kernels.h"

#include <stddef.h>

#include "clones.h"

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));

RNN_INLINE vf splat(float x) { return (vf){0} + x; }
RNN_INLINE vf choose(vi mask, vf yes, vf no) {
  return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}
// A NaN stays a NaN: comparisons with it are false.
RNN_INLINE vf clamp(vf x, float low, float high) {
  x = choose(x < splat(low), splat(low), x);
  return choose(x > splat(high), splat(high), x);
}

// exp(x) by x = n ln 2 + r and the polynomial of Cephes expf; within 2 ulp, 0 < exp(x) < infinity.
RNN_INLINE vf vexp(vf x) {
  x = clamp(x, -87.0f, 88.0f);
  const vf magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  vf n = (x * 1.44269504088896341f + magic) - magic;
  vf r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  vf p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  // n + magic has n in its low bits.
  vi exponent = ((vi)(n + magic) - (vi)magic) << 23;
  return (vf)((vi)p + exponent);
}
RNN_INLINE vf vsigmoid(vf x) { return 1.0f / (1.0f + vexp(-x)); }

// tanh(x) as the odd rational function of Eigen's ptanh; within 5 ulp.
RNN_INLINE vf vtanh(vf x) {
  x = clamp(x, -7.90531110763549805f, 7.90531110763549805f);
  vf y = x * x;
  vf p = splat(-2.76076847742355e-16f);
  p = p * y + 2.00018790482477e-13f;
  p = p * y + -8.60467152213735e-11f;
  p = p * y + 5.12229709037114e-08f;
  p = p * y + 1.48572235717979e-05f;
  p = p * y + 6.37261928875436e-04f;
  p = p * y + 4.89352455891786e-03f;
  vf q = splat(1.19825839466702e-06f);
  q = q * y + 1.18534705686654e-04f;
  q = q * y + 2.26843463243900e-03f;
  q = q * y + 4.89352518554385e-03f;
  return x * p / q;
}
RNN_INLINE vf quantize(vf x, const float *k, rnn_op op) {
  vf scaled = x * k[0];
  vf rounded;
  if (op == RNN_QUANTIZE_HALF_EVEN) {
    rounded = __builtin_elementwise_roundeven(scaled);
  } else {
    rounded = __builtin_elementwise_floor(scaled);
    if (op == RNN_QUANTIZE_HALF_UP) {
      // Adding 1/2 before the floor would round in float.
      rounded = choose(scaled - rounded >= splat(0.5f), rounded + 1.0f, rounded);
    }
  }
  return clamp(rounded, k[2], k[3]) * k[1];
}

typedef struct {
  float *p;
  int64_t stride;
} view;

RNN_INLINE view resolve(const rnn_operand *o, const int64_t *row_bases, int64_t row,
                        int64_t column, int64_t chunk_columns, float *registers) {
  if (!o->base) return (view){registers + o->stride * RNN_CHUNK, chunk_columns};
  return (view){o->base + (row_bases[o->row_base] + row) * o->stride + column, o->stride};
}

#define RNN_LOOP(expression)                                 \
  for (int64_t r = 0; r < rows; r++) {                       \
    vf *dp = (vf *)(d.p + r * d.stride);                     \
    const vf *ap = (const vf *)(a.p + r * a.stride);         \
    const vf *bp = (const vf *)(b.p + r * b.stride);         \
    const vf *cp = (const vf *)(c.p + r * c.stride);         \
    (void)bp, (void)cp;                                      \
    for (int64_t i = 0; i < columns / RNN_LANES; i++) {      \
      const vf A = ap[i];                                    \
      dp[i] = (expression);                                  \
    }                                                        \
  }                                                          \
  break

RNN_INLINE void run_instruction(const rnn_instruction *i_, view d, view a, view b, view c,
                                int64_t rows, int64_t columns) {
  const float *k = i_->k;
  switch ((rnn_op)i_->op) {
    case RNN_COPY: RNN_LOOP(A);
    case RNN_ADD: RNN_LOOP(A + bp[i]);
    case RNN_SUBTRACT: RNN_LOOP(A - bp[i]);
    case RNN_MULTIPLY: RNN_LOOP(A * bp[i]);
    case RNN_MULTIPLY_ADD: RNN_LOOP(A * bp[i] + cp[i]);
    case RNN_ADD3: RNN_LOOP(A + bp[i] + cp[i]);
    case RNN_AFFINE: RNN_LOOP(A * k[0] + k[1]);
    case RNN_SIGMOID: RNN_LOOP(vsigmoid(A));
    case RNN_TANH: RNN_LOOP(vtanh(A));
    case RNN_RELU: RNN_LOOP(choose(A < splat(0), splat(0), A));
    case RNN_MAP:
      for (int64_t r = 0; r < rows; r++) {
        for (int64_t n = 0; n < columns; n++) {
          d.p[r * d.stride + n] = i_->map(i_->context, a.p[r * a.stride + n]);
        }
      }
      break;
    case RNN_MAP_SLOPE:
      for (int64_t r = 0; r < rows; r++) {
        for (int64_t n = 0; n < columns; n++) {
          const float slope = i_->map(i_->context, b.p[r * b.stride + n]);
          d.p[r * d.stride + n] = a.p[r * a.stride + n] * slope;
        }
      }
      break;
    case RNN_SIGMOID_SLOPE: RNN_LOOP(A * (bp[i] - bp[i] * bp[i]));
    case RNN_TANH_SLOPE: RNN_LOOP(A - A * (bp[i] * bp[i]));
    case RNN_GATE: RNN_LOOP(choose(bp[i] > splat(0), A, splat(0)));
    case RNN_NORMALIZE: RNN_LOOP(A / __builtin_elementwise_sqrt(bp[i] + k[0]));
    case RNN_QUANTIZE_DOWN: RNN_LOOP(quantize(A, k, RNN_QUANTIZE_DOWN));
    case RNN_QUANTIZE_HALF_UP: RNN_LOOP(quantize(A, k, RNN_QUANTIZE_HALF_UP));
    case RNN_QUANTIZE_HALF_EVEN: RNN_LOOP(quantize(A, k, RNN_QUANTIZE_HALF_EVEN));
    case RNN_CLAMP_SLOPE:
      RNN_LOOP(choose((bp[i] >= splat(k[2])) & (bp[i] <= splat(k[3])), A, splat(0)));
    case RNN_ACCUMULATE:
      // Rows of a chunk are summed before they meet the total, which keeps the rounding error small.
      for (int64_t i = 0; i < columns; i += RNN_LANES) {
        vf sum = splat(0);
        for (int64_t r = 0; r < rows; r++) sum += *(const vf *)(a.p + r * a.stride + i);
        *(vf *)(d.p + i) += sum;
      }
      break;
  }
}

RNN_INLINE
void tape_run(const rnn_instruction *instructions, int32_t count, const rnn_operand *operands,
              const int64_t *row_bases, int64_t rows, int64_t columns, float *registers) {
  const int64_t wide = columns < RNN_CHUNK ? columns : RNN_CHUNK;
  const int64_t high = RNN_CHUNK / wide;
  for (int64_t row = 0; row < rows; row += high) {
    const int64_t chunk_rows = rows - row < high ? rows - row : high;
    for (int64_t column = 0; column < columns; column += wide) {
      const int64_t chunk_columns = columns - column < wide ? columns - column : wide;
      for (int32_t n = 0; n < count; n++) {
        const rnn_instruction *instruction = &instructions[n];
        const view d = resolve(&operands[instruction->destination], row_bases, row, column,
                               chunk_columns, registers);
        const view a = resolve(&operands[instruction->a], row_bases, row, column, chunk_columns,
                               registers);
        const view b = resolve(&operands[instruction->b], row_bases, row, column, chunk_columns,
                               registers);
        const view c = resolve(&operands[instruction->c], row_bases, row, column, chunk_columns,
                               registers);
        run_instruction(instruction, d, a, b, c, chunk_rows, chunk_columns);
      }
    }
  }
}

// The same program with the best and with the least instructions: fused multiplications round once where others round
// twice, so the results differ in their last bits.
void rnn_tape_run_best(const rnn_instruction *, int32_t, const rnn_operand *, const int64_t *, int64_t,
                       int64_t, float *);
RNN_CLONES
void rnn_tape_run_best(const rnn_instruction *instructions, int32_t count,
                       const rnn_operand *operands, const int64_t *row_bases, int64_t rows,
                       int64_t columns, float *registers) {
  tape_run(instructions, count, operands, row_bases, rows, columns, registers);
}

static void tape_run_common(const rnn_instruction *instructions, int32_t count,
                            const rnn_operand *operands, const int64_t *row_bases, int64_t rows,
                            int64_t columns, float *registers) {
  tape_run(instructions, count, operands, row_bases, rows, columns, registers);
}

static int is_common;

void rnn_use_common_instructions(void) { is_common = 1; }
int32_t rnn_uses_common_instructions(void) { return is_common; }

int32_t rnn_instruction_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (is_common || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
             ? 4
             : 3;
#else
  return 0;
#endif
}

void rnn_tape_run(const rnn_instruction *instructions, int32_t count, const rnn_operand *operands,
                  const int64_t *row_bases, int64_t rows, int64_t columns, float *registers) {
  (is_common ? tape_run_common : rnn_tape_run_best)(instructions, count, operands, row_bases, rows,
                                                    columns, registers);
}

void rnn_prefetch(const float *base, int64_t stride, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t c = 0; c < columns; c += 16) __builtin_prefetch(base + r * stride + c, 0, 2);
  }
}

RNN_CLONES
void rnn_transpose(const float *source, int64_t source_stride, int64_t rows, int64_t columns,
                   float *destination, int64_t destination_stride) {
  enum { TILE = 16 };
  for (int64_t r0 = 0; r0 < rows; r0 += TILE) {
    const int64_t r1 = r0 + TILE < rows ? r0 + TILE : rows;
    for (int64_t c0 = 0; c0 < columns; c0 += TILE) {
      const int64_t c1 = c0 + TILE < columns ? c0 + TILE : columns;
      for (int64_t c = c0; c < c1; c++) {
        for (int64_t r = r0; r < r1; r++) {
          destination[c * destination_stride + r] = source[r * source_stride + c];
        }
      }
    }
  }
}
