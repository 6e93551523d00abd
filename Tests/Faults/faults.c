// Disk faults on demand, for LD_PRELOAD: cc -shared -fPIC -o faults.so faults.c
//
// Counts the writes to regular files, fsync, rename, mkdir, unlink and rmdir of a process, and at the one with the number
// N of RNNC_FAULT=KIND@N does:
//   kill    the process is killed before the call
//   enospc  the call and all later ones that need space fail, as on a disk that is full
//   eio     the call fails
//   short   a write takes half of its bytes, any other call is as always
// KIND may end in `-noexchange`: then no two names can be exchanged, as on file systems that know no such thing.
// RNNC_FAULT_LOG=FILE gets a line for each call: its number and name.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum { none, killed, enospc, eio, short_write } kind;
static long target = -1;
static int no_exchange, log_file = -1;
static atomic_long count;

__attribute__((constructor)) static void begin(void) {
  const char *fault = getenv("RNNC_FAULT"), *log = getenv("RNNC_FAULT_LOG");
  if (fault) {
    if (strncmp(fault, "kill", 4) == 0) kind = killed;
    if (strncmp(fault, "enospc", 6) == 0) kind = enospc;
    if (strncmp(fault, "eio", 3) == 0) kind = eio;
    if (strncmp(fault, "short", 5) == 0) kind = short_write;
    no_exchange = strstr(fault, "-noexchange") != NULL;
    const char *number = strchr(fault, '@');
    if (number) target = atol(number + 1);
  }
  if (log) log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  // The tools that it starts are not meant.
  unsetenv("LD_PRELOAD");
}

// Counts a call; 0 to go on, or the error that it is to give. `takes_space` is true for what a full disk refuses.
static int meet(const char *name, int takes_space) {
  long number = atomic_fetch_add(&count, 1);
  if (log_file >= 0) {
    char line[64];
    int n = snprintf(line, sizeof line, "%ld %s\n", number, name);
    syscall(SYS_write, log_file, line, n);
  }
  if (kind == enospc && target >= 0 && number >= target) return takes_space ? ENOSPC : 0;
  if (number != target) return 0;
  if (kind == killed) raise(SIGKILL);
  if (kind == eio) return EIO;
  return kind == short_write ? -1 : 0;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL(fault) do { int f_ = (fault); if (f_ > 0) { errno = f_; return -1; } } while (0)

static int is_disk(int file) {
  struct stat status;
  return fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 0;
}

ssize_t write(int file, const void *bytes, size_t n) {
  REAL(write);
  if (is_disk(file)) {
    int fault = meet("write", 1);
    FAIL(fault);
    if (fault < 0 && n > 1) n /= 2;
  }
  return real(file, bytes, n);
}
int fsync(int file) {
  REAL(fsync);
  FAIL(meet("fsync", 1));
  return real(file);
}
int rename(const char *from, const char *to) {
  REAL(rename);
  FAIL(meet("rename", 0));
  return real(from, to);
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  REAL(renameat2);
  if (no_exchange && flags) return errno = EINVAL, -1;
  FAIL(meet("exchange", 0));
  return real(a, from, b, to, flags);
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  FAIL(meet("mkdir", 1));
  return real(path, mode);
}
int unlink(const char *path) {
  REAL(unlink);
  FAIL(meet("unlink", 0));
  return real(path);
}
int unlinkat(int folder, const char *path, int flags) {
  REAL(unlinkat);
  FAIL(meet("unlinkat", 0));
  return real(folder, path, flags);
}
int rmdir(const char *path) {
  REAL(rmdir);
  FAIL(meet("rmdir", 0));
  return real(path);
}
