/* bench/stub_memory.h: the page that the stub inside the server and the load tool both map (C, because the stub is C).
 * `armed` has a cache line of its own: the server reads it at every send, and the load tool's looks at the counters must not
 * take that line away. The counters are plain numbers, not atomics: one thread writes them (--threads 1), one other reads. */
#pragma once

#include <stdint.h>

#define CARILLON_BENCH_STUB_BYTES 4096

struct StubMemory {
    uint64_t armed; /* 0: every call passes through to the kernel */
    char armed_line[56];
    uint64_t calls; /* of send, sendmsg and writev while armed */
    uint64_t bytes; /* handed over by those calls */
    char counter_line[48];
};
