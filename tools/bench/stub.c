/* bench/stub.c: preloaded into the server (LD_PRELOAD), stands between it and the kernel's send path, so that the CPU left is the
 * server's own. Armed by the load tool once every connection is open; until then, and without CARILLON_BENCH_STUB, it is a window
 * pane. Armed it claims that everything was sent and counts it; it looks at nothing else, because each nanosecond spent here would
 * be charged to the server. Hence no list of descriptors either: the scenario takes care that only the fan-out is sent. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/stub_memory.h"

/* Another library's constructor may send before ours has run. */
static struct StubMemory never_armed;
static struct StubMemory* memory = &never_armed;

__attribute__((constructor)) static void map_memory(void) {
    const char* path = getenv("CARILLON_BENCH_STUB");
    if (path == NULL) return;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    void* page = MAP_FAILED;
    if (fd >= 0)
        page = mmap(NULL, CARILLON_BENCH_STUB_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        perror("bench stub: CARILLON_BENCH_STUB");
        exit(1);
    }
    close(fd);
    memory = page;
}

static ssize_t counted(size_t bytes) {
    memory->calls++;
    memory->bytes += bytes;
    return (ssize_t)bytes;
}

static size_t sum(const struct iovec* parts, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += parts[i].iov_len;
    return bytes;
}

/* Unarmed calls go to the kernel by number: no dlsym, so nothing to initialise and nothing that can be missing. */
ssize_t send(int fd, const void* data, size_t size, int flags) {
    if (__builtin_expect(memory->armed != 0, 1)) return counted(size);
    return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    if (memory->armed) return counted(sum(message->msg_iov, message->msg_iovlen));
    return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
    if (memory->armed) return counted(sum(parts, (size_t)count));
    return syscall(SYS_writev, fd, parts, count);
}
