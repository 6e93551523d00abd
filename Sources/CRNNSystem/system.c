#define _GNU_SOURCE
#include "rnn_system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int rnn_exchange(const char *one, const char *other) {
  return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

int rnn_memory_file(const char *name, const void *bytes, size_t count) {
  int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0) return -1;
  const char *next = bytes;
  while (count > 0) {
    ssize_t n = write(file, next, count);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      int reason = n < 0 ? errno : ENOSPC;
      close(file);
      errno = reason;
      return -1;
    }
    next += n;
    count -= (size_t)n;
  }
  return file;
}

// A process with default signals in the process group `group`, or in a new one for 0.
static int start(const struct rnn_command *command, pid_t group, int in, int out, int err, pid_t *pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int fault = posix_spawn_file_actions_init(&files);
  if (fault) return fault;
  fault = posix_spawnattr_init(&attributes);
  if (fault) {
    posix_spawn_file_actions_destroy(&files);
    return fault;
  }
  if (in >= 0)
    fault = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
  else
    fault = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!fault && out >= 0) fault = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  if (!fault && err >= 0) fault = posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  if (!fault && command->directory) fault = posix_spawn_file_actions_addchdir_np(&files, command->directory);
#if __GLIBC_PREREQ(2, 34)
  // Nothing else that happens to be open: a lifeline that another child holds would never break.
  if (!fault) fault = posix_spawn_file_actions_addclosefrom_np(&files, 3);
#endif
  if (!fault) fault = posix_spawnattr_setpgroup(&attributes, group);
  if (!fault) fault = posix_spawnattr_setsigdefault(&attributes, &all);
  if (!fault) fault = posix_spawnattr_setsigmask(&attributes, &none);
  if (!fault)
    fault = posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  if (!fault)
    fault = posix_spawn(
        pid, command->path, &files, &attributes, command->arguments, command->environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return fault;
}

int rnn_spawn(const struct rnn_command *command, int out, int err, struct rnn_child *child) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  // A program of its own and no copy of this process, which may be large. It reads until the other end is gone and
  // then kills its group, itself included. The program joins that group as it starts, so there is no moment in which
  // it is without a guard.
  static char *const words[] = {"sh", "-c", "read line; kill -KILL 0", NULL};
  static char *const nothing[] = {NULL};
  const struct rnn_command guard = {"/bin/sh", words, nothing, "/"};
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  int fault = null < 0 ? errno : start(&guard, 0, ends[0], null, null, &child->guard);
  if (null >= 0) close(null);
  close(ends[0]);
  if (fault) {
    close(ends[1]);
    return fault;
  }
  child->lifeline = ends[1];
  fault = start(command, child->guard, -1, out, err, &child->program);
  if (fault) rnn_end(child);
  return fault;
}

void rnn_end(const struct rnn_child *child) {
  kill(-child->guard, SIGKILL);
  close(child->lifeline);
  while (waitpid(child->guard, NULL, 0) < 0 && errno == EINTR) {
  }
}
