#include <stddef.h>
#include <stdint.h>

// libFuzzer's loop, from the toolchain's runtime: calls back with one input after another.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
