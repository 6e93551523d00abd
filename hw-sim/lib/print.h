// Included before everything else in each translation unit: what Verilator would print on the
// program's standard output goes to the harness.

#ifndef RNNC_PRINT_H
#define RNNC_PRINT_H
extern "C" int rnnc_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));
#define VL_PRINTF rnnc_printf
#endif
