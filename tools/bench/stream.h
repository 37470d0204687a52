// bench/stream.h: a client's connected socket: bytes out and bytes in, under TLS if the server wants that. Checks no certificate.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

struct ssl_st;

namespace bench {

class Stream {
 public:
    Stream() = default;
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    void take(int fd);  // the descriptor is ours from now on
    int fd() const { return fd_; }

    void secure();  // from now on TLS; shake_hands() until it says true
    bool shake_hands();

    // How much was taken: not all of it where the socket is full.
    std::size_t send(std::string_view bytes);
    // As recv: 0 at the end, -1 with errno.
    ssize_t receive(char* to, std::size_t size);

 private:
    int fd_ = -1;
    ssl_st* tls_ = nullptr;
};

}  // namespace bench
