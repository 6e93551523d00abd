// Calls of Linux that Swift's Glibc module does not show.

#ifndef RNN_SYSTEM_H
#define RNN_SYSTEM_H

#include <stddef.h>
#include <sys/types.h>

/// Exchanges the names of two files or folders in one step; 0, or the error number.
int rnn_exchange(const char *one, const char *other);

/// A file in memory with these bytes, its offset at the end; a descriptor, or -1 with `errno`.
int rnn_memory_file(const char *name, const void *bytes, size_t count);

/// What to run: an absolute path or one relative to the caller's folder, argv and environment that end in NULL, and
/// the working directory or NULL for the caller's.
struct rnn_command {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *directory;
};

/// A program that runs, and the guard that ends it.
struct rnn_child {
  pid_t program;
  /// The leader of the program's process group; whatever the program starts is in that group.
  pid_t guard;
  /// The guard kills the group when this end is closed, which the kernel does however the caller ends.
  int lifeline;
};

/// Starts a program in a process group of its own that ends when the caller ends, killed or not.
///
/// `out` and `err` become its standard output and error, its standard input is empty. Returns 0 or the error number.
int rnn_spawn(const struct rnn_command *command, int out, int err, struct rnn_child *child);

/// Ends the whole group of a child, and waits for its guard.
void rnn_end(const struct rnn_child *child);

#endif
