// What rnnc uses of CBLAS (BLIS) and LAPACKE. Declared here because their own headers include parts of
// the C library under other feature macros than Swift's, which Swift refuses to import.

static const int CblasColMajor = 102, CblasNoTrans = 111, CblasTrans = 112;
static const int LAPACK_COL_MAJOR = 102;

void cblas_dgemm(int layout, int transA, int transB, int m, int n, int k, double alpha,
                 const double *a, int lda, const double *b, int ldb, double beta, double *c,
                 int ldc);
void cblas_sgemm(int layout, int transA, int transB, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

// The name of one of BLIS's kinds of processor, in the order of its own list, which ends with "generic".
const char *bli_arch_string(unsigned id);

int LAPACKE_dgeqrf_work(int layout, int m, int n, double *a, int lda, double *tau, double *work,
                        int lwork);
int LAPACKE_sgeqrf_work(int layout, int m, int n, float *a, int lda, float *tau, float *work,
                        int lwork);
int LAPACKE_dorgqr_work(int layout, int m, int n, int k, double *a, int lda, const double *tau,
                        double *work, int lwork);
int LAPACKE_sorgqr_work(int layout, int m, int n, int k, float *a, int lda, const float *tau,
                        float *work, int lwork);
int LAPACKE_dgetrf_work(int layout, int m, int n, double *a, int lda, int *pivots);
