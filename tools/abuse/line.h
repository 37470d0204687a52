// abuse/line.h: a healthy client's socket, with TLS or without. Connects, and shakes hands, before anything is measured.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace abuse {

// Believes every certificate: whom it talks to is not the question here.
SSL_CTX* client_context();

// What a client says first, to no server in particular.
std::string client_hello();

class Line {
 public:
    Line(std::uint16_t port, SSL_CTX* tls);
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    int fd() const { return fd_; }
    void send(std::string_view bytes);
    // Appends what is there; false: the other end has gone.
    bool receive(std::string& to);

 private:
    int fd_;
    SSL* tls_ = nullptr;
};

}  // namespace abuse
