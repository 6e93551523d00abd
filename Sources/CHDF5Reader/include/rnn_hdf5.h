// Reads HDF5 files in a process of its own; Swift sees records of what is in them.

#ifndef RNN_HDF5_H
#define RNN_HDF5_H

#include <stddef.h>
#include <stdint.h>

// How a reading ended.
enum rnn_hdf5_end {
  rnn_hdf5_done = 0,        // the records are whole
  rnn_hdf5_stopped = 1,     // the reading process ended early: it crashed, or used too much time or memory
  rnn_hdf5_not_started = 2  // there was no process, pipe or memory to be had
};

// Reads all groups, text attributes and datasets of a file that lies in memory.
//
// The HDF5 library can crash on damaged files, so it runs in a child process, which may use memory and
// time in proportion to the file and can open no other file. Nothing that the child gives is to be trusted.
//
// The records follow each other without padding; numbers are little endian, a text is a length of 4
// bytes and its bytes:
//   'A' object attribute count text...        an attribute of a group: texts
//   'D' object rank(4) length(8)... value(8)  a dataset: its elements as doubles, row-major
//   'X' object reason                         a dataset that is not read, and why
//   'E' object reason                         a fault; nothing follows
//   'Z'                                       the end
// `*records` is the caller's to free with rnn_hdf5_free, also after a reading that ended early.
enum rnn_hdf5_end rnn_hdf5_read(const void *file, size_t size, uint8_t **records, size_t *count);
void rnn_hdf5_free(uint8_t *records);

#endif
