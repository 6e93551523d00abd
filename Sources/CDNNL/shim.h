#include <dnnl.h>

// From libgomp, on which oneDNN runs. Declared here because omp.h belongs to the C compiler that
// libgomp came with, which need not be the one in use.
void omp_set_num_threads(int count);
