// Both processes of a reading: the child walks through the file and writes records, the parent collects them.

#define _GNU_SOURCE
// The interface that all versions of HDF5 from 1.10 on offer.
#define H5_USE_110_API
#include "rnn_hdf5.h"

#include <errno.h>
#include <hdf5.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { output = 3, deepest = 24, path_limit = 1024, rank_limit = 8 };

// MARK: The child

// What may still be written: a file whose links share their targets could be read without end.
static size_t budget;
static size_t file_size;
static uint8_t buffer[1 << 16];
static size_t used;

static void flush(void) {
  for (size_t at = 0; at < used;) {
    ssize_t n = write(output, buffer + at, used - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    at += (size_t)n;
  }
  used = 0;
}
static void put_unchecked(const void *bytes, size_t n) {
  while (n > 0) {
    if (used == sizeof buffer) flush();
    size_t part = n < sizeof buffer - used ? n : sizeof buffer - used;
    memcpy(buffer + used, bytes, part);
    used += part;
    bytes = (const uint8_t *)bytes + part;
    n -= part;
  }
}
static void put_number_unchecked(uint64_t number, int bytes) {
  uint8_t little[8];
  for (int i = 0; i < bytes; i++) little[i] = (uint8_t)(number >> (8 * i));
  put_unchecked(little, (size_t)bytes);
}
static void put_text_unchecked(const char *text, size_t n) {
  put_number_unchecked(n, 4);
  put_unchecked(text, n);
}
_Noreturn static void fail(const char *object, const char *reason) {
  put_unchecked("E", 1);
  put_text_unchecked(object, strlen(object));
  put_text_unchecked(reason, strlen(reason));
  flush();
  _exit(0);
}
// Takes from the budget; always called where a record is whole so far, so that a fault can follow.
static void take(const char *object, size_t n) {
  if (n > budget) fail(object, "its objects hold more than the file has; links share their targets");
  budget -= n;
}

static void put_skipped(const char *object, const char *reason) {
  take(object, 9 + strlen(object) + strlen(reason));
  put_unchecked("X", 1);
  put_text_unchecked(object, strlen(object));
  put_text_unchecked(reason, strlen(reason));
}

// A text attribute; one of another kind says nothing about weights and is left out, unless it is empty.
static void put_attribute(const char *object, hid_t attribute, const char *name) {
  hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  if (type < 0 || space < 0) fail(object, "an attribute is damaged");
  hssize_t points = H5Sget_simple_extent_npoints(space);
  if (points < 0) fail(object, "an attribute is damaged");
  size_t count = (size_t)points;
  bool is_text = H5Tget_class(type) == H5T_STRING;
  if (!is_text && count > 0) goto done;
  if (count > file_size) fail(object, "an attribute has more texts than the file has bytes");
  bool is_variable = is_text && H5Tis_variable_str(type) > 0;
  size_t width = is_text && !is_variable ? H5Tget_size(type) : sizeof(char *);
  if (width == 0 || width > file_size + sizeof(char *) || count > (file_size + sizeof(char *)) / width)
    fail(object, "an attribute is greater than the file");
  char *values = calloc(count + 1, width);
  if (!values) fail(object, "there is not enough memory for an attribute");
  if (count > 0 && H5Aread(attribute, type, values) < 0) fail(object, "an attribute is damaged");
  size_t total = 0;
  for (size_t i = 0; i < count; i++) {
    const char *text = is_variable ? ((char **)values)[i] : values + i * width;
    total += 4 + (is_variable ? (text ? strlen(text) : 0) : strnlen(text, width));
  }
  take(object, 13 + strlen(object) + strlen(name) + total);
  put_unchecked("A", 1);
  put_text_unchecked(object, strlen(object));
  put_text_unchecked(name, strlen(name));
  put_number_unchecked(count, 4);
  for (size_t i = 0; i < count; i++) {
    const char *text = is_variable ? ((char **)values)[i] : values + i * width;
    put_text_unchecked(text ? text : "", is_variable ? (text ? strlen(text) : 0) : strnlen(text, width));
  }
  free(values);
done:
  H5Sclose(space);
  H5Tclose(type);
}

static void put_attributes(const char *object, hid_t group) {
  H5O_info_t info;
  if (H5Oget_info(group, &info) < 0) fail(object, "its header is damaged");
  for (hsize_t i = 0; i < info.num_attrs; i++) {
    hid_t attribute = H5Aopen_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT);
    char name[path_limit];
    if (attribute < 0) fail(object, "an attribute is damaged");
    ssize_t length = H5Aget_name(attribute, sizeof name, name);
    if (length < 0 || length >= path_limit) fail(object, "the name of an attribute is damaged");
    put_attribute(object, attribute, name);
    H5Aclose(attribute);
  }
}

// A dataset of numbers that lie in this file as they are.
static void put_dataset(const char *object, hid_t dataset) {
  hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), plist = H5Dget_create_plist(dataset);
  if (type < 0 || space < 0 || plist < 0) fail(object, "its header is damaged");
  H5T_class_t class = H5Tget_class(type);
  size_t width = H5Tget_size(type);
  int rank = H5Sget_simple_extent_ndims(space);
  hsize_t lengths[H5S_MAX_RANK];
  const char *reason = NULL;
  if (class != H5T_FLOAT && class != H5T_INTEGER) reason = "its elements are no numbers";
  if (width == 0 || width > 8) reason = "its elements are no numbers of at most 64 bits";
  if (rank < 0 || rank > rank_limit) reason = "it has more than 8 axes";
  if (H5Pget_layout(plist) == H5D_VIRTUAL || H5Pget_external_count(plist) != 0)
    reason = "its data are in another file";
  if (H5Pget_nfilters(plist) != 0)
    reason = "it is compressed or filtered; `h5repack -f NONE` writes it plainly";
  if (!reason && rank > 0 && H5Sget_simple_extent_dims(space, lengths, NULL) != rank)
    fail(object, "its shape is damaged");
  size_t count = 1;
  for (int i = 0; !reason && i < rank; i++) {
    if (lengths[i] > 0 && count > file_size / lengths[i]) reason = "it is greater than the file";
    count *= (size_t)lengths[i];
  }
  if (!reason && (count > file_size / width || H5Dget_storage_size(dataset) < count * width))
    reason = "its elements are not all in the file";
  if (reason) {
    put_skipped(object, reason);
  } else {
    double *values = malloc(count * sizeof *values + 1);
    if (!values) fail(object, "there is not enough memory for it");
    if (count > 0 && H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
      fail(object, "its data are damaged");
    take(object, 9 + strlen(object) + (size_t)rank * 8 + count * 8);
    put_unchecked("D", 1);
    put_text_unchecked(object, strlen(object));
    put_number_unchecked((uint64_t)rank, 4);
    for (int i = 0; i < rank; i++) put_number_unchecked(lengths[i], 8);
    for (size_t i = 0; i < count; i++) {
      uint64_t bits;
      memcpy(&bits, values + i, sizeof bits);
      put_number_unchecked(bits, 8);
    }
    free(values);
  }
  H5Pclose(plist);
  H5Sclose(space);
  H5Tclose(type);
}

struct place {
  const char *path;
  int depth;
};
static void put_group(const struct place *place, hid_t group);

static herr_t visit(hid_t group, const char *name, const H5L_info_t *link, void *context) {
  const struct place *place = context;
  char path[path_limit];
  int length = snprintf(path, sizeof path, "%s/%s", place->path, name);
  if (length < 0 || length >= path_limit) fail(place->path, "the name of a link is too long");
  if (link->type != H5L_TYPE_HARD) {
    put_skipped(path, "it is a link to another place or file");
    return 0;
  }
  if (place->depth == deepest) fail(path, "groups lie deeper than 24; one may contain itself");
  take(path, 1);
  hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  if (object < 0) fail(path, "its header is damaged");
  switch (H5Iget_type(object)) {
  case H5I_GROUP: {
    struct place inside = {path, place->depth + 1};
    put_group(&inside, object);
    break;
  }
  case H5I_DATASET: put_dataset(path, object); break;
  default: put_skipped(path, "it is neither group nor dataset"); break;
  }
  H5Oclose(object);
  return 0;
}

static void put_group(const struct place *place, hid_t group) {
  put_attributes(place->path, group);
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, visit, (void *)place) < 0)
    fail(place->path, "its list of objects is damaged");
}

static void limit(int resource, rlim_t value) {
  struct rlimit limits = {value, value};
  setrlimit(resource, &limits);
}
// The bytes of address space in use; under a sanitizer they are many already.
static size_t address_space(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%lu", &pages) != 1) pages = 0;
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

_Noreturn static void run_child(const void *file, size_t size, unsigned seconds) {
  for (int signal_number = 1; signal_number < 32; signal_number++) signal(signal_number, SIG_DFL);
  size_t now = address_space();
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, seconds);
  limit(RLIMIT_FSIZE, 0);
  if (now > 0) limit(RLIMIT_AS, now + ((size_t)64 << 20) + 16 * size);
  // From here on no other file can be opened.
  limit(RLIMIT_NOFILE, 0);
  file_size = size;
  budget = ((size_t)1 << 20) + 12 * size;

  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  unsigned plugins = 0;
  H5PLset_loading_state(plugins);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access < 0 || H5Pset_fapl_core(access, 1 << 16, 0) < 0 ||
      H5Pset_file_image(access, (void *)file, size) < 0)
    fail("", "there is not enough memory for the file");
  hid_t root = H5Fopen("image", H5F_ACC_RDONLY, access);
  hid_t group = root < 0 ? root : H5Gopen2(root, "/", H5P_DEFAULT);
  if (group < 0) fail("", "it is no HDF5 file, or its head is damaged");
  struct place place = {"", 0};
  put_group(&place, group);
  put_unchecked("Z", 1);
  flush();
  _exit(0);
}

// MARK: The parent

static int64_t milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Reads a pipe to its end; false after an error or at the deadline.
static bool collect(int fd, int64_t deadline, size_t most, uint8_t **records, size_t *count) {
  size_t capacity = 0;
  for (;;) {
    if (*count == capacity) {
      if (capacity > most) return false;
      size_t next = capacity ? 2 * capacity : 1 << 16;
      uint8_t *grown = realloc(*records, next);
      if (!grown) return false;
      *records = grown;
      capacity = next;
    }
    int64_t left = deadline - milliseconds();
    if (left <= 0) return false;
    struct pollfd ready = {fd, POLLIN, 0};
    int found = poll(&ready, 1, left > 1000 ? 1000 : (int)left);
    if (found < 0 && errno != EINTR) return false;
    if (found <= 0) continue;
    ssize_t n = read(fd, *records + *count, capacity - *count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) return true;
    *count += (size_t)n;
  }
}

enum rnn_hdf5_end rnn_hdf5_read(const void *file, size_t size, uint8_t **records, size_t *count) {
  *records = NULL;
  *count = 0;
  // Some damaged files make the library run without end; whole ones take a hundredth of this.
  unsigned seconds = 1 + (unsigned)(size >> 24);
  int ends[2];
  if (pipe(ends) != 0) return rnn_hdf5_not_started;
  pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return rnn_hdf5_not_started;
  }
  if (child == 0) {
    // Files of the parent are none of the child's business, and a pipe of another reading would stay open.
    if (ends[1] != output && dup2(ends[1], output) < 0) _exit(1);
    close_range(output + 1, ~0u, 0);
    close_range(0, output - 1, 0);
    run_child(file, size, seconds);
  }
  close(ends[1]);
  bool is_whole =
      collect(ends[0], milliseconds() + 10000 * (int64_t)seconds, ((size_t)2 << 20) + 16 * size, records, count);
  close(ends[0]);
  if (!is_whole) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return is_whole && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? rnn_hdf5_done : rnn_hdf5_stopped;
}

void rnn_hdf5_free(uint8_t *records) { free(records); }
