// How a function of this target is compiled for several levels of a processor; private to it.

#ifndef RNN_CLONES_H
#define RNN_CLONES_H

// The loader calls the functions that choose a clone before a sanitizer's runtime is ready.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer) && \
    !__has_feature(address_sanitizer)
#define RNN_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define RNN_CLONES
#endif

// Helpers are always inlined, so how a vector would be passed to a call does not matter.
#pragma clang diagnostic ignored "-Wpsabi"
#define RNN_INLINE static inline __attribute__((always_inline))

#endif
